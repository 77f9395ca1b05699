// Takes visitors through the compiled code of docs/ssr.md: node run.cjs FOLDER FRAMEWORK, the gateway's URL in the environment.
const { Browser } = require("./frameworks.cjs")
const path = require("node:path")

const [folder, framework] = process.argv.slice(2)
const from = (file) => require(path.join(folder, file))
const LISTING = `query Women($input: SearchInput!) { search(input: $input) { items { productId productName } } }`
const DETAIL = `query Look($id: ID!) { product(id: $id) { id } }`
const input = { collectionSlug: "women", groupByProduct: true, take: 24 }

function next() {
  const [consent, shop, page] = ["app/api/consent/route", "app/api/shop/route", "app/women/page"].map(from)
  const { track } = from("lib/track")
  const post = (route, browser, where, body, headers) => {
    const request = browser.request(where, body, headers)
    return browser.serve(request, () => route.POST(request))
  }
  return {
    agree: (browser, agreed) => post(consent, browser, "/api/consent", { agreed }),
    list: async (browser) => {
      const { data } = await from("lib/shop").ask(
        await browser.serve(browser.request("/women"), () => from("lib/visit").visit()), LISTING, { input })
      const page_ = await browser.serve(browser.request("/women"), () => page.default())
      const shown = page_.properties.children.map((one) => one.properties.children)
      const again = data.search.items.map((one) => one.productName)
      if (shown.join() !== again.join()) throw new Error("the page is not the list")
      return data.search.items.map((one) => one.productId)
    },
    ask: async (browser, query, variables, headers) =>
      (await post(shop, browser, "/api/shop", { query, variables }, headers)).json(),
    track: async (browser, ...events) => {
      const fetch_ = globalThis.fetch
      return await new Promise((done, fail) => {
        globalThis.fetch = (where, init) => { // the browser's fetch, of this one call
          globalThis.fetch = fetch_
          if (!init.keepalive) fail(new Error("a click would be lost with its page"))
          return post(shop, browser, where, JSON.parse(init.body)).then((response) => response.json()).then(done, fail)
        }
        track(...events)
      })
    },
    shell: async () => {
      const nobody = new Browser()
      const page_ = await nobody.serve(nobody.request("/"), () => from("app/page").default())
      return page_.properties.shell.map((one) => one.productId)
    },
  }
}

function nuxt() {
  const [consent, shop] = ["server/api/consent.post", "server/api/shop.post"].map(from)
  const call = async (route, browser, body, headers = {}) => {
    const event = { body, browser: { jar: browser.jar, headers: { ...browser.headers, ...headers } }, told: {} }
    return route.default(event)
  }
  return {
    agree: (browser, agreed) => call(consent, browser, { agreed }),
    list: async (browser) => {
      const { data } = await call(shop, browser, { query: LISTING, variables: { input } })
      return data.search.items.map((one) => one.productId)
    },
    ask: (browser, query, variables, headers) => call(shop, browser, { query, variables }, headers),
    shell: async () => {
      const { data } = await call(shop, new Browser(), { query: LISTING, variables: { input }, render: "static" })
      return data.search.items.map((one) => one.productId)
    },
  }
}

function hydrogen() {
  const { shopOf } = from("app/lib/storefront")
  const env = { PERSONALIZE_ORIGIN: new URL(process.env.PERSONALIZE_URL).origin }
  const client = (browser, headers) => shopOf(browser.request("/", undefined, headers), { env })
  return {
    agree: async (browser, agreed) => {
      const request = browser.request("/consent", { agreed })
      browser.keep(await from("app/routes/consent").action({ request, context: { env } }))
    },
    list: async (browser) => {
      const data = await client(browser).query(LISTING, { variables: { input } })
      return data.search.items.map((one) => one.productId)
    },
    ask: async (browser, query, variables, headers) => {
      const one = client(browser, headers)
      return { data: await (query.startsWith("mutation") ? one.mutate : one.query)(query, { variables }) }
    },
  }
}

async function main() {
  const storefront = { next, nuxt, hydrogen }[framework]()
  const browsers = Array.from({ length: 6 }, () => new Browser())
  const told = browsers.map(() => ({}))
  const all = (work) => Promise.all(browsers.map((browser, at) => work(browser, told[at], at)))
  await storefront.list(new Browser()) // the first request of all finds nothing prepared
  await new Promise((done) => setTimeout(done, 300))
  await all(async (browser, mine, at) => at < 4 && storefront.agree(browser, true)) // two say nothing
  await all(async (browser, mine) => (mine.first = await storefront.list(browser)))
  await all(async (browser, mine) => (mine.again = await storefront.list(browser)))
  await all(async (browser, mine) => {
    const ahead = { "sec-purpose": "prefetch" }
    await storefront.ask(browser, DETAIL, { id: mine.first[0] }, ahead)
    await storefront.ask(browser, DETAIL, { id: mine.first[1] })
  })
  if (storefront.track) {
    await all(async (browser, mine) => {
      const items = [{ itemId: mine.first[1], index: 1 }]
      mine.told = await storefront.track(browser, { name: "SELECT_ITEM", items }, { name: "ADD_TO_WISHLIST", items })
    })
  }
  await all(async (browser, mine) => (mine.jar = Object.fromEntries(browser.jar)))
  await storefront.agree(browsers[3], false)
  const shell = storefront.shell ? await storefront.shell() : null
  console.log(JSON.stringify({ told, shell, after: Object.fromEntries(browsers[3].jar) }))
}

main().catch((error) => { console.error(error); process.exit(1) })
