// Stand-ins for the frameworks: what docs/ssr.md calls of them, for one request at a time, however many run at once.
const { AsyncLocalStorage } = require("node:async_hooks")
const Module = require("node:module")

const requests = new AsyncLocalStorage()

// A browser: its cookies, and requests to the storefront that carry them.
class Browser {
  jar = new Map()
  headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" }
  cookie() { return [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ") }
  keep(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ")
      const [name, value] = pair.split("=")
      if (attributes.some((one) => one.toLowerCase() === "max-age=0")) this.jar.delete(name)
      else this.jar.set(name, value)
    }
  }
  request(path, body, headers = {}) {
    const sent = new Headers({ ...this.headers, ...headers, "content-type": "application/json" })
    if (this.jar.size) sent.set("cookie", this.cookie())
    const more = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
    return new Request(`http://storefront.test${path}`, { headers: sent, ...more })
  }
  // What runs inside belongs to this request: `cookies()` reads and writes this browser's.
  serve(request, work) { return requests.run({ request, jar: this.jar }, work) }
}

const next = {
  cookies: async () => {
    const { jar } = requests.getStore()
    return {
      get: (name) => (jar.has(name) ? { name, value: jar.get(name) } : undefined),
      set: (name, value, options) => { if (!options?.httpOnly) throw new Error("readable by scripts"); jar.set(name, value) },
      delete: (name) => jar.delete(name),
    }
  },
  headers: async () => requests.getStore().request.headers,
}

const h3 = {
  defineEventHandler: (handler) => handler,
  readBody: async (event) => event.body,
  getCookie: (event, name) => event.browser.jar.get(name),
  setCookie: (event, name, value) => event.browser.jar.set(name, value),
  deleteCookie: (event, name) => event.browser.jar.delete(name),
  getRequestHeaders: (event) => event.browser.headers,
  setResponseHeader: (event, name, value) => (event.told[name] = value),
}

// As Hydrogen does it: a key of url, method and body, whatever the headers.
const kept = new Map()
const hydrogen = {
  createStorefrontClient({ storeDomain, storefrontApiVersion }) {
    const url = `${storeDomain}/api/${storefrontApiVersion}/graphql.json`
    const send = async (query, { variables = {}, headers = {}, cache = { mode: "short" } } = {}, keep) => {
      const body = JSON.stringify({ query, variables })
      if (keep && cache.mode !== "no-store" && kept.has(body)) return kept.get(body)
      const all = { "user-agent": "Hydrogen 2026.4.6", ...headers, "content-type": "application/json" }
      const response = await fetch(url, { method: "POST", headers: all, body })
      const { data, errors } = await response.json()
      if (errors) throw new Error(JSON.stringify(errors))
      if (keep) kept.set(body, data)
      return data
    }
    const storefront = {
      query: (document, options) => send(document, options, true),
      mutate: (document, options) => send(document, options, false),
      CacheNone: () => ({ mode: "no-store" }),
      CacheLong: () => ({ mode: "public" }),
    }
    return { storefront }
  },
}

const jsx = (type, properties) => ({ type, properties })
const modules = {
  "next/headers": next, h3, "@shopify/hydrogen": hydrogen,
  "react/jsx-runtime": { jsx, jsxs: jsx, Fragment: "fragment" },
  react: { useState: (initial) => [initial, () => {}], useEffect: () => {} },
}
const load = Module._load
Module._load = (name, ...rest) => modules[name] ?? load(name, ...rest)

module.exports = { Browser }
