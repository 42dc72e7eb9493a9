#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Macros of OpenSSL by functions.

// TLS 1.2 is the least: without compression, renegotiation and resumption, none of which long connections need. Of
// 1.2's suites those that RFC 9113, appendix A, leaves.
static inline int onepool_tls_harden(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_num_tickets(context, 0) == 1 &&
         SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

// The name that is asked for (RFC 6066, 3).
static inline int onepool_tls_ask_for(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name) == 1;
}

// Lends what was written into a memory BIO; BIO_reset gives it back.
static inline long onepool_bio_bytes(BIO *bio, const unsigned char **bytes) {
  return BIO_get_mem_data(bio, (char **)bytes);
}

static inline void onepool_bio_clear(BIO *bio) { (void)BIO_reset(bio); }

// An empty memory BIO says "later", not "the end" (BIO_s_mem(3)).
static inline BIO *onepool_bio_new(void) {
  BIO *bio = BIO_new(BIO_s_mem());
  if (bio != NULL) BIO_set_mem_eof_return(bio, -1);
  return bio;
}

// The subject's alternative names of a certificate; NULL when it has none.
static inline GENERAL_NAMES *onepool_alternative_names(const X509 *certificate) {
  return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int onepool_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

// The text of a name when it is of `type` (GEN_URI, GEN_DNS); NULL when it is of another.
static inline const unsigned char *onepool_name(const GENERAL_NAMES *names, int index, int type, int *length) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
  if (name->type != type) return NULL;
  *length = ASN1_STRING_length(name->d.ia5);
  return ASN1_STRING_get0_data(name->d.ia5);
}

static inline int onepool_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
