// What a storefront adds to any client: our headers, the visitor id sent on, and the shop's session (there is no cookie jar).
export function storefront() {
  const seen = { visitors: [], methods: [], accepts: [] };
  let token = null;
  const send = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("X-Personalize-Consent", "personalization");
    if (seen.visitors.length) headers.set("X-Personalize-Visitor", seen.visitors.at(-1));
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(input, { ...init, headers });
    const visitor = response.headers.get("X-Personalize-Visitor");
    if (visitor && !seen.visitors.includes(visitor)) seen.visitors.push(visitor);
    token = response.headers.get("vendure-auth-token") ?? token;
    const method = init.method ?? "GET";
    if (!seen.methods.includes(method)) seen.methods.push(method);
    const accept = headers.get("Accept");
    if (!seen.accepts.includes(accept)) seen.accepts.push(accept);
    return response;
  };
  return { seen, send };
}
