/** What a merchant sells. */
export type Trade = 'handlooms' | 'footwear' | 'home' | 'beauty' | 'electronics' | 'jewellery';

const named: readonly [name: string, trade: Trade, city: string][] = [
  ['Kesari Handlooms', 'handlooms', 'Jaipur'],
  ['Northstar Footwear', 'footwear', 'Agra'],
  ['Maati Home', 'home', 'Pune'],
  ['Ruhi Botanicals', 'beauty', 'Bengaluru'],
  ['Voltkart', 'electronics', 'Hyderabad'],
  ['Tarini Jewels', 'jewellery', 'Kolkata'],
];
const first = `
  Anvaya, Bluegrain, Chandra, Deodar, Ekaant, Falgun, Gulmohar, Hara, Indigo Lane, Jharokha, Kapas, Lehar, Mango Tree,
  Neelam, Oakleaf, Parijat, Quill, Rangoli, Sarovar, Tamarind, Udaan, Vasant, Whitewater, Yamuna, Zari, Aangan, Bargad,
  Charkha, Dhara, Ektara, Firefly, Ghungroo, Himalaya, Ilaaka, Jasmine Court, Kaveri, Lotus Pond, Monsoon, Nakshatra,
  Old Fort, Peepal
`
  .split(',')
  .map((word) => word.trim());
const last: readonly [word: string, trade: Trade][] = [
  ['Weaves', 'handlooms'],
  ['Soles', 'footwear'],
  ['Living', 'home'],
  ['Naturals', 'beauty'],
  ['Electricals', 'electronics'],
  ['Silver', 'jewellery'],
];
const cities = ['Mumbai', 'Delhi', 'Chennai', 'Ahmedabad', 'Kochi', 'Lucknow', 'Surat'];

const generated = first.flatMap((word, row) =>
  last.map(
    ([kind, trade], column) => [`${word} ${kind}`, trade, cities[(row + column) % cities.length] ?? 'Mumbai'] as const,
  ),
);

/** 250 merchants, always the same; the first is company 1. */
export const merchants: readonly { name: string; slug: string; trade: Trade; city: string }[] = [
  ...named,
  ...generated.slice(0, 244),
].map(([name, trade, city]) => ({ name, slug: name.toLowerCase().replace(/[^a-z]+/g, '-'), trade, city }));
