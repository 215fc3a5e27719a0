/*
 * protocol - which version of the protocol this program speaks: in HELLO, in what a dialler offers
 * and in certificates. It also stands in texts that people carry, so that who is handed one of
 * another version is told that instead of "mistyped". What is signed has labels of its own.
 */
#ifndef ALLMENDE_PROTOCOL_H
#define ALLMENDE_PROTOCOL_H

#define PROTOCOL_VERSION  2
#define PROTOCOL_PROLOGUE "allmende/2" /* of the handshake */
#define PROTOCOL_TEXT     "allmende2"  /* begins every text */

#endif
