/** Words the simulated catalogue is named with; the brands are invented. */
export const CATEGORIES = [
  "Electronics",
  "Clothing",
  "Home & Garden",
  "Sports",
  "Books",
  "Beauty",
  "Toys",
] as const;
export type Category = typeof CATEGORIES[number];

interface CategoryWords {
  brands: string[];
  /** Kinds of product; a cluster of products is of one kind. */
  kinds: string[];
  /** Median price. */
  price: number;
  /** Share of the shop's product clusters. */
  share: number;
  /** Whether customers buy the same product again once it is used up. */
  consumable: boolean;
}

export const CATEGORY_WORDS: CategoryWords[] = [
  {
    brands: ["Voltara", "Lumenix", "Kestrel Audio", "Nordwave", "Pixelry", "Ampeo"],
    kinds: [
      "Headphones",
      "Speaker",
      "Phone Case",
      "Charger",
      "Smart Lamp",
      "Keyboard",
      "Webcam",
      "Tablet Stand",
    ],
    price: 79,
    share: 0.2,
    consumable: false,
  },
  {
    brands: ["Harrow & Finch", "Linden", "Maravel", "Oakthread", "Tidemark", "Solvei"],
    kinds: ["T-Shirt", "Jacket", "Jeans", "Dress", "Scarf", "Sweater", "Socks", "Shirt"],
    price: 42,
    share: 0.2,
    consumable: false,
  },
  {
    brands: ["Fernhaus", "Claywell", "Brightnest", "Gardena Vale", "Hollin", "Stonebrook"],
    kinds: ["Planter", "Cushion", "Cookware", "Garden Tool", "Storage Box", "Candle", "Bed Linen", "Rug"],
    price: 36,
    share: 0.16,
    consumable: false,
  },
  {
    brands: ["Ridgeline", "Swiftfoot", "Corepeak", "Aquadash", "Velocia", "Summitry"],
    kinds: [
      "Running Shoe",
      "Yoga Mat",
      "Water Bottle",
      "Cycling Glove",
      "Backpack",
      "Dumbbell",
      "Swim Goggle",
    ],
    price: 48,
    share: 0.13,
    consumable: false,
  },
  {
    brands: ["Quillhouse", "Inkwell Press", "Marginalia", "Northlight", "Paper Lantern", "Folio Lane"],
    kinds: ["Novel", "Cookbook", "Biography", "Crime Story", "Travel Guide", "Picture Book", "Science Book"],
    price: 18,
    share: 0.11,
    consumable: false,
  },
  {
    brands: ["Auralie", "Petal & Pine", "Dewberry", "Mirelle", "Saltgrove", "Clarity"],
    kinds: ["Face Cream", "Shampoo", "Perfume", "Lipstick", "Sun Lotion", "Soap", "Hand Balm"],
    price: 24,
    share: 0.11,
    consumable: true,
  },
  {
    brands: ["Tumbletop", "Brickaroo", "Little Comet", "Puzzlewood", "Fablekin", "Zoomies"],
    kinds: ["Board Game", "Building Set", "Plush Animal", "Puzzle", "Toy Train", "Craft Kit"],
    price: 28,
    share: 0.09,
    consumable: false,
  },
];

export const ADJECTIVES = [
  "Classic",
  "Compact",
  "Everyday",
  "Deluxe",
  "Essential",
  "Signature",
  "Studio",
  "Heritage",
  "Urban",
  "Alpine",
  "Breeze",
  "Nova",
];

/** The warehouses of the shop. */
export const WAREHOUSES = ["WH-US-EAST", "WH-US-WEST", "WH-EU-CENTRAL", "WH-ASIA-PAC"];

interface CountryWords {
  name: string;
  /** Share of the shop's customers. */
  share: number;
  /** Numbers of the warehouses that serve the country; each customer is served by one of them. */
  warehouses: number[];
  cities: string[];
}

/** Where customers live. */
export const COUNTRIES: CountryWords[] = [
  {
    name: "USA",
    share: 0.4,
    warehouses: [0, 1],
    cities: ["New York", "Chicago", "Los Angeles", "Houston", "Seattle", "Boston", "Denver", "Miami"],
  },
  { name: "Canada", share: 0.1, warehouses: [0, 1], cities: ["Toronto", "Vancouver", "Montreal", "Calgary"] },
  {
    name: "UK",
    share: 0.14,
    warehouses: [2],
    cities: ["London", "Manchester", "Leeds", "Bristol", "Glasgow"],
  },
  { name: "Germany", share: 0.1, warehouses: [2], cities: ["Berlin", "Hamburg", "Munich", "Cologne"] },
  { name: "France", share: 0.08, warehouses: [2], cities: ["Paris", "Lyon", "Marseille", "Lille"] },
  { name: "Australia", share: 0.18, warehouses: [3], cities: ["Sydney", "Melbourne", "Brisbane", "Perth"] },
];

export const FIRST_NAMES = [
  "Ada",
  "Amir",
  "Anna",
  "Ben",
  "Carla",
  "Chloe",
  "Daniel",
  "David",
  "Elena",
  "Emma",
  "Farah",
  "Felix",
  "Grace",
  "Hana",
  "Hugo",
  "Ines",
  "Isaac",
  "Jack",
  "Julia",
  "Kofi",
  "Laura",
  "Leo",
  "Lina",
  "Lucas",
  "Maria",
  "Mia",
  "Nadia",
  "Noah",
  "Olga",
  "Omar",
  "Paul",
  "Priya",
  "Rosa",
  "Ruth",
  "Sam",
  "Sofia",
  "Theo",
  "Tom",
  "Yuki",
  "Zoe",
];

export const LAST_NAMES = [
  "Adams",
  "Becker",
  "Brown",
  "Campbell",
  "Chen",
  "Clark",
  "Dubois",
  "Evans",
  "Fischer",
  "Garcia",
  "Green",
  "Haddad",
  "Hughes",
  "Ito",
  "Jones",
  "Kaur",
  "Keller",
  "Khan",
  "King",
  "Laurent",
  "Lee",
  "Lopez",
  "Martin",
  "Meyer",
  "Moreau",
  "Nguyen",
  "Novak",
  "Okafor",
  "Patel",
  "Petit",
  "Quinn",
  "Reed",
  "Rossi",
  "Schmidt",
  "Scott",
  "Singh",
  "Smith",
  "Taylor",
  "Tremblay",
  "Walker",
  "Weber",
  "Wilson",
  "Wright",
  "Young",
];

/** Devices that visits come from. */
export const DEVICES = ["Desktop", "Mobile", "Tablet"];
/** Browsers by device. */
export const BROWSERS = [["Chrome", "Firefox", "Edge", "Safari"], ["Safari", "Chrome", "Samsung Internet"], [
  "Safari",
  "Chrome",
]];

/** Ways to pay. */
export const PAYMENT_METHODS = ["Credit Card", "PayPal", "Debit Card", "Apple Pay"];
