/** Words the simulated catalogue is named with; the brands are invented. */
export const CATEGORIES = [
  "Electronics",
  "Clothing",
  "Home & Garden",
  "Sports",
  "Books",
  "Beauty",
  "Toys",
];

export interface CategoryWords {
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
