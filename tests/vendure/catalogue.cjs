'use strict';
// Generated products for large test shops: distinct names, a category, a brand and a colour facet, prices, one to three
// sizes, and a collection per category; the same count always gives the same catalogue.

const DEPARTMENTS = {
  Apparel: ['Shirt', 'Jacket', 'Jeans', 'Dress', 'Pullover', 'Coat'],
  Living: ['Lamp', 'Cushion', 'Carpet', 'Vase', 'Blanket', 'Mirror'],
  Kitchen: ['Pan', 'Bowl', 'Knife', 'Mug', 'Carafe', 'Board'],
};
const BRANDS = ['Alder', 'Birch', 'Cedar', 'Dune', 'Ember', 'Fjord', 'Grove', 'Heath', 'Isle', 'Juniper', 'Kelp', 'Larch'];
const COLOURS = ['black', 'white', 'navy', 'olive', 'sand', 'rust', 'berry', 'sky'];
const QUALITIES = ['Light', 'Warm', 'Plain', 'Soft', 'Bold', 'Slim', 'Wide', 'Quiet', 'Bright', 'Rough'];
const SIZES = ['S', 'M', 'L'];

/** A small xorshift: Math.random cannot be seeded. Yields floats in [0, 1). */
function random(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function line(values) {
  return values.map(value => `"${String(value).replaceAll('"', '""')}"`).join(',');
}

/** One product as CSV lines in the column order of Vendure's own sample file, one line a variant. */
function rows(number, next) {
  const pick = list => list[Math.floor(next() * list.length)];
  const department = pick(Object.keys(DEPARTMENTS));
  const category = pick(DEPARTMENTS[department]);
  const brand = pick(BRANDS);
  const colour = pick(COLOURS);
  const name = `${brand} ${pick(QUALITIES)} ${category} ${number}`;
  const price = 5 + Math.floor(next() ** 2 * 29500) / 100; // many cheap, few dear: 5.00 to 299.99
  const sizes = SIZES.slice(0, 1 + Math.floor(next() * SIZES.length));
  const facets = `category:${department}|category:${category}|brand:${brand}|colour:${colour}`;
  const text = `${name} in ${colour}, made by ${brand} for the ${department.toLowerCase()} department.`;
  return sizes.map((size, index) => {
    const first = index === 0;
    const sku = `GEN-${String(number).padStart(5, '0')}-${size}`;
    return line([
      first ? name : '', first ? `generated-${number}` : '', first ? text : '', '', first ? facets : '',
      first && sizes.length > 1 ? 'size' : '', sizes.length > 1 ? size : '', sku, (price + index * 2).toFixed(2),
      'standard', 100000, 'false', '', '',
    ]);
  });
}

function collection(name, parentName) {
  return { name, parentName, filters: [{ code: 'facet-value-filter', args: { facetValueNames: [name], containsAny: false } }] };
}

/** @returns {{csv: string, collections: object[]}} CSV lines of `count` products (no header) and their collections. */
function generate(count) {
  const next = random(20181108);
  const lines = [];
  for (let number = 1; number <= count; number++) lines.push(...rows(number, next));
  const collections = Object.entries(DEPARTMENTS).flatMap(([department, categories]) => [
    collection(department),
    ...categories.map(category => collection(category, department)),
  ]);
  return { csv: lines.join('\n'), collections: count > 0 ? collections : [] };
}

module.exports = { generate };
