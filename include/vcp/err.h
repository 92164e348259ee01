/* err.h - error codes and the sentence that goes with them.
 *
 * Every fallible function of the library returns VCP_OK or one negative code of
 * this append-only list, and fills the caller's struct err (which may be NULL)
 * with one English sentence: which file or field, where in it, what was found,
 * what was wanted.  The library never prints and never exits. */
#ifndef VCP_ERR_H
#define VCP_ERR_H

enum vcp_code {
    VCP_OK = 0,
    VCP_EINVAL = -1,        /* an argument or a request field breaks its documented rule */
    VCP_EFORMAT = -2,       /* bytes are not of the format they claim to be */
    VCP_ELIMIT = -3,        /* well-formed, but beyond a stated ceiling */
    VCP_ENOMEM = -4,        /* memory could not be allocated */
    VCP_EIO = -5,           /* a file, socket or database failed */
    VCP_ENOTFOUND = -6,     /* the named thing does not exist, or is not the caller's */
    VCP_EEXIST = -7,        /* a unique name or key is taken */
    VCP_EAUTH = -8,         /* missing or wrong credentials or signature */
    VCP_EDENIED = -9,       /* known caller, but not allowed */
    VCP_ESTATE = -10,       /* not possible in the object's present state */
    VCP_ETIMEOUT = -11,     /* a time limit passed */
    VCP_ECANCELLED = -12,   /* stopped from outside */
    VCP_EUNSUPPORTED = -13, /* valid, but this build or version does not do it */
    VCP_EVERIFY = -14,      /* a proof, hash or signature does not verify */
    VCP_EBUSY = -15,        /* try again later */
    VCP_EFUNDS = -16,       /* the account does not hold the amount */
};

struct err {
    int code;      /* one of enum vcp_code */
    char msg[512]; /* NUL-terminated, no newline, cut at this size */
};

#endif
