// What docs/ssr.md uses of each framework, with the signatures of next 16.4, h3 1.15 (Nuxt 4.5), @shopify/hydrogen 2026.4.
declare module "next/headers" {
  type Options = { httpOnly?: boolean; secure?: boolean; sameSite?: true | false | "lax" | "strict" | "none"; path?: string; maxAge?: number }
  type Jar = {
    get(name: string): { name: string; value: string } | undefined
    set(name: string, value: string, options?: Options): Jar
    delete(name: string): Jar
  }
  export function cookies(): Promise<Jar>
  export function headers(): Promise<Headers & { append(...args: any[]): void; set(...args: any[]): void; delete(...args: any[]): void }>
}

interface RequestInit { next?: { revalidate?: number | false; tags?: string[] } }

declare module "react" {
  export function useState<T>(initial: T): [T, (value: T) => void]
  export function useEffect(effect: () => void | (() => void), dependencies?: readonly unknown[]): void
}
declare module "react/jsx-runtime" {
  export const jsx: unknown, jsxs: unknown, Fragment: unknown
  export namespace JSX {
    interface IntrinsicElements { [name: string]: any }
    interface ElementChildrenAttribute { children: {} }
    type Element = any
  }
}

declare module "h3" {
  export interface H3Event { readonly path: string }
  type Options = { httpOnly?: boolean; secure?: boolean; sameSite?: true | false | "lax" | "strict" | "none"; path?: string; maxAge?: number }
  export function defineEventHandler<T>(handler: (event: H3Event) => T): (event: H3Event) => T
  export function readBody<T = any>(event: H3Event): Promise<T>
  export function getCookie(event: H3Event, name: string): string | undefined
  export function setCookie(event: H3Event, name: string, value: string, options?: Options): void
  export function deleteCookie(event: H3Event, name: string, options?: Options): void
  export function getRequestHeaders(event: H3Event): Partial<Record<string, string | undefined>>
  export function setResponseHeader(event: H3Event, name: string, value: string): void
}
declare function defineNuxtConfig(config: { routeRules?: Record<string, { isr?: number | boolean; swr?: number | boolean; prerender?: boolean; ssr?: boolean }> }): unknown

declare module "@shopify/hydrogen" {
  type Strategy = { mode?: string }
  type Options = { variables?: object; cache?: Strategy; headers?: HeadersInit }
  type Storefront = {
    query(document: string, options?: Options): Promise<any>
    mutate(document: string, options?: Omit<Options, "cache">): Promise<any>
    CacheNone(): Strategy
    CacheLong(): Strategy
  }
  export function createStorefrontClient(options: {
    storeDomain?: string; publicStorefrontToken?: string; privateStorefrontToken?: string; storefrontApiVersion: string
    storefrontId?: string; cache?: Cache; waitUntil?: (promise: Promise<unknown>) => void
    i18n?: { language: string; country: string }
  }): { storefront: Storefront }
}

declare const process: { env: Record<string, string | undefined> }
