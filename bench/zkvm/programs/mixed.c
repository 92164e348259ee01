/* lists, a matrix, a state machine and a CRC over all of it, n times */
#include "program.h"

typedef unsigned u32;
typedef unsigned short u16;

static u32 crc;

static void crc_byte(u32 v)
{
    crc ^= v & 255;
    for (int i = 0; i < 8; i++)
        crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
}

static void crc_word(u32 v)
{
    crc_byte(v);
    crc_byte(v >> 8);
}

/* ---- a linked list: found in, reversed, merge-sorted ---- */

struct node {
    struct node *next;
    u16 key, value;
};

static struct node nodes[128];

static struct node *build(u32 seed)
{
    struct node *head = 0;

    for (int i = 0; i < 128; i++) {
        seed = seed * 1664525u + 1013904223u;
        nodes[i].key = (u16)(seed >> 16);
        nodes[i].value = (u16)i;
        nodes[i].next = head;
        head = &nodes[i];
    }
    return head;
}

static struct node *reverse(struct node *l)
{
    struct node *r = 0;

    while (l) {
        struct node *next = l->next;
        l->next = r, r = l, l = next;
    }
    return r;
}

static struct node *merge(struct node *a, struct node *b)
{
    struct node head, *last = &head;

    while (a && b) {
        struct node **from = a->key <= b->key ? &a : &b;
        last = last->next = *from;
        *from = (*from)->next;
    }
    last->next = a ? a : b;
    return head.next;
}

static struct node *merge_sort(struct node *l)
{
    struct node *slow = l, *fast;

    if (!l || !l->next)
        return l;
    for (fast = l->next; fast && fast->next; fast = fast->next->next)
        slow = slow->next;
    fast = slow->next;
    slow->next = 0;
    return merge(merge_sort(l), merge_sort(fast));
}

static void lists(u32 seed)
{
    struct node *l = reverse(build(seed)), *n;

    for (u32 key = 0; key < 16; key++) {
        for (n = l; n && (n->key & 15) != key; n = n->next)
            continue;
        crc_word(n ? n->value : 0);
    }
    l = merge_sort(l);
    for (n = l; n; n = n->next)
        if (n->value % 16 == 0)
            crc_word(n->key);
}

/* ---- matrices of 16-bit numbers ---- */

enum { SIDE = 12 };

static short a[SIDE][SIDE], b[SIDE][SIDE];
static int c[SIDE][SIDE];

static void matrix(u32 seed)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            seed = seed * 1103515245u + 12345u;
            a[i][j] = (short)(seed >> 16);
            b[i][j] = (short)(seed >> 8 & 0xff) - 128;
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int sum = 0;
            for (int k = 0; k < SIDE; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum >> 4;
        }
    for (int i = 0; i < SIDE; i++)
        crc_word((u32)c[i][i]);
}

/* ---- a state machine that sorts the words of a text into kinds ---- */

enum state { START, INT, FLOAT, EXPONENT, NAME, BAD, STATES };

static const char input[] = "512,1.5e+10,-3,name,0x,1.2.3,e9,+42,.5,7e,abc1,9e-2,-,123456,x.y,8.";

static enum state step(enum state s, char ch)
{
    int digit = ch >= '0' && ch <= '9', letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';

    switch (s) {
    case START: return digit || ch == '+' || ch == '-' ? INT : ch == '.' ? FLOAT : NAME;
    case INT: return digit ? INT : ch == '.' ? FLOAT : (ch | 32) == 'e' ? EXPONENT : BAD;
    case FLOAT: return digit ? FLOAT : (ch | 32) == 'e' ? EXPONENT : BAD;
    case EXPONENT: return digit || ch == '+' || ch == '-' ? EXPONENT : BAD;
    case NAME: return digit || letter ? NAME : BAD;
    default: return BAD;
    }
}

static void machine(u32 seed)
{
    u32 counts[STATES] = {0}, steps[STATES] = {0};
    enum state s = START;

    for (const char *p = input; *p; p++) {
        char ch = *p;
        if (ch == ',') {
            counts[s]++;
            s = START;
            continue;
        }
        if ((seed = seed * 69069 + 1) >> 28 == 0)
            ch ^= 4;
        s = step(s, ch);
        steps[s]++;
    }
    for (int i = 0; i < STATES; i++) {
        crc_word(counts[i]);
        crc_word(steps[i]);
    }
}

unsigned run(unsigned n)
{
    crc = 0xffff;
    for (u32 i = 0; i < n; i++) {
        lists(i + 1);
        matrix(crc);
        machine(crc);
    }
    return crc;
}
