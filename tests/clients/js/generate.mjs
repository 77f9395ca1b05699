// Code generation as a storefront sets it up: node generate.mjs URL OPERATIONS FILE introspects and writes TypeScript.
import { readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as typescriptOperations from "@graphql-codegen/typescript-operations";
import { assertValidSchema, buildClientSchema, getIntrospectionQuery, parse, printSchema, validate } from "graphql";

const [url, operations, file] = process.argv.slice(2);
const all = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true,
  inputValueDeprecation: true, oneOf: true };
const response = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json", accept: "application/json" },
  body: JSON.stringify({ query: getIntrospectionQuery(all), operationName: "IntrospectionQuery" }),
});
const { data, errors } = await response.json();
if (errors) throw new Error(JSON.stringify(errors));
const schema = buildClientSchema(data);
assertValidSchema(schema);
const document = parse(readFileSync(operations, "utf8"));
const invalid = validate(schema, document);
if (invalid.length) throw new AggregateError(invalid, invalid.join("\n"));
const written = await codegen({
  filename: file,
  schema: parse(printSchema(schema)),
  documents: [{ location: operations, document }],
  pluginMap: { typescriptOperations, typedDocumentNode },
  plugins: [{ typescriptOperations: {} }, { typedDocumentNode: {} }],
});
writeFileSync(file, written);
console.log(JSON.stringify({ types: Object.keys(schema.getTypeMap()).length, characters: written.length }));
