/*
 * openapi - the description of all routes for everybody (OpenAPI 3.0), made of their tables, so
 * that it cannot differ from what is answered.
 */
#ifndef ALLMENDE_OPENAPI_H
#define ALLMENDE_OPENAPI_H

#define OPENAPI_TYPE "application/vnd.oai.openapi+json;version=3.0"

struct web_call;

void openapi_serve(struct web_call *call);

#endif
