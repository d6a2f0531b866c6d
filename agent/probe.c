/* SPDX-License-Identifier: ISC */
#include "agent/probe.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "agent/msg.h"
#include "agent/sandbox.h"

/* The chain as it was presented, leaf first, as far as it is asked for. */
static int
take_chain(SSL *ssl, uint32_t wanted, struct probe_result *result, struct err *err)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	uint8_t sha256[LIMIT_CHAIN * SHA256_SIZE];
	uint32_t n = 0;

	result->nchain = chain == NULL ? 0 : (uint32_t)sk_X509_num(chain);
	if (wanted == 0 || wanted > LIMIT_CHAIN)
		wanted = 1;
	for (; n < result->nchain && n < wanted; n++)
		if (X509_digest(sk_X509_value(chain, (int)n), EVP_sha256(),
			sha256 + (size_t)n * SHA256_SIZE, NULL) != 1)
			return err_set(err, ERR_MEMORY, NULL,
			    "cannot take the digest of what was served");
	return served_digest(sha256, n, &result->served, err);
}

static int
take_served(SSL *ssl, uint32_t wanted, struct probe_result *result, struct err *err)
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	struct tm tm;

	if (leaf == NULL)
		return err_set(err, ERR_SERVICE_FAILED, NULL,
		    "answers TLS without a certificate");
	if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &tm) != 1)
		return err_set(err, ERR_SERVICE_FAILED, NULL,
		    "serves a certificate without a date");
	result->not_after = timegm(&tm);
	return take_chain(ssl, wanted, result, err);
}

/*
 * A server that asks for a client certificate refuses us after its own has come, and
 * has proven by a signature that it holds the key: that counts, not whether the
 * handshake ended well.  Who only sends a certificate has proven nothing.
 */
static bool
has_proven(SSL *ssl)
{
	int nid;

	return SSL_get0_peer_certificate(ssl) != NULL &&
	    SSL_get_peer_signature_nid(ssl, &nid) == 1;
}

static int
handshake(int server, const struct probe_job *job, struct probe_result *result,
    struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx == NULL ? NULL : SSL_new(ctx);
	int rc = -1;

	if (ssl == NULL || SSL_set_fd(ssl, server) != 1) {
		err_set(err, ERR_MEMORY, NULL, "no memory for a handshake");
		goto out;
	}
	SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	if (job->name[0] != '\0')
		SSL_set_tlsext_host_name(ssl, job->name);
	if (SSL_connect(ssl) != 1 && !has_proven(ssl)) {
		err_set(err, ERR_SERVICE_FAILED, NULL, "%s",
		    SSL_get0_peer_certificate(ssl) == NULL
			? "does not answer TLS"
			: "sends a certificate and does not finish the handshake");
		goto out;
	}
	rc = take_served(ssl, job->nchain, result, err);
	SSL_shutdown(ssl);
out:
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return rc;
}

/* A server that stalls ends the read, not our patience. */
static int
blocking_with_deadline(int server, uint32_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	const int flags = fcntl(server, F_GETFL);

	return flags == -1 || fcntl(server, F_SETFL, flags & ~O_NONBLOCK) == -1 ||
		setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == -1 ||
		setsockopt(server, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1
	    ? -1
	    : 0;
}

void
probe_run(int engine, int server, const struct probe_job *job)
{
	struct probe_result result = { .connected = 1 };
	struct err err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN); /* a server that closes is an answer */
	if (blocking_with_deadline(server, job->deadline_ms) == -1)
		err_set(&err, ERR_OTHER, NULL,
		    "cannot set a deadline for the handshake");
	else if (sandbox_enter(SANDBOX_PROBE, &err) == 0)
		(void)handshake(server, job, &result, &err);
	result.err = err;
	(void)msg_send(engine, PROBE_RESULT, 0, &result, sizeof(result), NULL, 0);
}
