/** The warehouses of the shop. */
export const WAREHOUSES = ["WH-US-EAST", "WH-US-WEST", "WH-EU-CENTRAL", "WH-ASIA-PAC"];

export interface CountryWords {
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
