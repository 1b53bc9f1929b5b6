/* SPDX-License-Identifier: MIT */
#include "quota.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define HOURS 24

typedef struct Bucket {
        double tokens;
        uint64_t filled_usec;
} Bucket;

struct Quota {
        GHashTable *buckets; /* uid → Bucket */
        uint64_t hour;
        uint64_t refused[HOURS];
};

Quota *quota_new(void) {
        Quota *quota = g_new0(Quota, 1);

        quota->buckets = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        return quota;
}

Quota *quota_free(Quota *quota) {
        if (!quota)
                return NULL;
        g_hash_table_unref(quota->buckets);
        g_free(quota);
        return NULL;
}

static Bucket *bucket_of(Quota *quota, uid_t uid, uint64_t per_minute, uint64_t now_usec) {
        Bucket *bucket = g_hash_table_lookup(quota->buckets, GUINT_TO_POINTER(uid));

        if (!bucket) {
                bucket = g_new(Bucket, 1);
                *bucket = (Bucket){ .tokens = (double) per_minute, .filled_usec = now_usec };
                g_hash_table_insert(quota->buckets, GUINT_TO_POINTER(uid), bucket);
        }
        bucket->tokens += (double) (now_usec - bucket->filled_usec) * (double) per_minute / MINUTE;
        bucket->tokens = MIN(bucket->tokens, (double) per_minute);
        bucket->filled_usec = now_usec;
        return bucket;
}

int quota_check(Quota *quota, uid_t uid, uint64_t per_minute, uint64_t now_usec, uint64_t *ret_wait_usec) {
        const Bucket *bucket = bucket_of(quota, uid, per_minute, now_usec);

        if (bucket->tokens < 1) {
                *ret_wait_usec = (uint64_t) ((1 - bucket->tokens) * MINUTE / (double) per_minute) + 1;
                return -EDQUOT;
        }
        return 0;
}

int quota_take(Quota *quota, uid_t uid, uint64_t per_minute, uint64_t now_usec, uint64_t *ret_wait_usec) {
        int r;

        r = quota_check(quota, uid, per_minute, now_usec, ret_wait_usec);
        if (r >= 0)
                bucket_of(quota, uid, per_minute, now_usec)->tokens -= 1;
        return r;
}

static void refused_advance(Quota *quota, uint64_t now_usec) {
        uint64_t hour = now_usec / HOUR;

        if (hour - quota->hour >= HOURS)
                for (unsigned i = 0; i < HOURS; i++)
                        quota->refused[i] = 0;
        else
                for (uint64_t h = quota->hour + 1; h <= hour; h++)
                        quota->refused[h % HOURS] = 0;
        quota->hour = hour;
}

void quota_count_refused(Quota *quota, uint64_t now_usec) {
        refused_advance(quota, now_usec);
        quota->refused[quota->hour % HOURS]++;
}

uint64_t quota_refused(Quota *quota, uint64_t now_usec) {
        uint64_t sum = 0;

        refused_advance(quota, now_usec);
        for (unsigned i = 0; i < HOURS; i++)
                sum += quota->refused[i];
        return sum;
}
