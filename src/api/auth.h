/* auth.h - who is calling: an API key's user, or a node by its signature.
 *
 * Keys are random (190 bits), so what is stored is one HMAC-SHA-256 under a secret of
 * this data folder: a copy of the database alone cannot be used to test guesses, and
 * looking a key up is one indexed read. */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "api/api.h"

#define AUTH_KEY_PREFIX "vcp_"
#define AUTH_KEY_CHARS  32 /* after the prefix */
#define AUTH_KEY_BYTES  37 /* with the NUL */
#define AUTH_SHOWN      12 /* characters of a key kept to recognise it by */

void auth_key_new(char out[AUTH_KEY_BYTES]);
void auth_key_hash(uint8_t out[32], const uint8_t pepper[API_PEPPER_BYTES], const char *key);

/* Reads the secret of a data folder, or makes it (mode 0600). */
int auth_pepper_load(uint8_t out[API_PEPPER_BYTES], const char *data_dir, struct err *err);

/* From X-API-Key or Authorization: Bearer.  VCP_EAUTH when there is none, or it is not
 * that of a live key. */
int auth_user(struct call *c, struct err *err);
/* Headers, clock and existence; the signature waits for the body. */
int auth_node(struct call *c, struct err *err);
/* After the body: VCP_EAUTH when the signature is not the node's. */
int auth_node_signature(struct call *c, struct err *err);
bool auth_claims_node(struct call *c);

#endif
