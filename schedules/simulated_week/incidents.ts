/** What happens in the simulated week, beside what is due. Times are those of Berlin, which has its summer time there. */

/** From midnight on Monday to noon on the Monday after it, so that reports are due in winter and in summer time. */
export const WEEK = { from: new Date("2025-03-24T00:00+01:00"), to: new Date("2025-03-31T12:00+02:00") };

/** Which runs are played otherwise than usual: the first steps of those of a job that are due in a time. */
export interface Trouble {
  job: string;
  from: Date;
  /** Exclusive. */
  to: Date;
  /** Takes so long instead. */
  minutes?: number;
  /** Ends with this reason, in every attempt within the time. */
  fails?: string;
}

/** What a person asks for, through the ledger. */
export type Asked =
  | { at: Date; does: "pause"; job: string; by: string; reason: string }
  | { at: Date; does: "resume"; job: string; by: string }
  | { at: Date; does: "cancel"; job: string; by: string }
  | { at: Date; does: "backfill"; job: string; by: string; from: Date; to: Date };

/** What somebody does. */
export type Deed = Asked | { at: Date; does: "kill scheduler" } | { at: Date; does: "start scheduler" };

/** A piece of the story. */
export interface Incident {
  /** What happens, for the one who watches. */
  title: string;
  at: Date;
  trouble?: Trouble;
  deeds?: Deed[];
  /** The runs that show its effect: of which job, from when to when. */
  shows: { job: string; from: Date; to: Date }[];
}

/** Day of March 2025 and time in Berlin. */
const at = (day: number, time: string) => new Date(`2025-03-${day}T${time}${day < 30 ? "+01:00" : "+02:00"}`);

/** The story of the week of 24 March 2025. */
export const INCIDENTS: Incident[] = [
  {
    title: "a check of the 14:05 snapshot hangs; the next snapshot's check takes its place",
    at: at(24, "14:05"),
    trouble: { job: "check-data", from: at(24, "14:05"), to: at(24, "15:05"), minutes: 88 },
    shows: [{ job: "check-data", from: at(24, "14:05"), to: at(24, "16:05") }],
  },
  {
    title: "the shop's database refuses connections for two hours",
    at: at(25, "09:00"),
    trouble: {
      job: "refresh-data",
      from: at(25, "09:00"),
      to: at(25, "11:00"),
      fails: "extract: PostgreSQL cannot be reached at shop-db:5432: connection refused",
    },
    shows: [{ job: "refresh-data", from: at(25, "09:05"), to: at(25, "11:05") }],
  },
  {
    title: "ben pauses data-quality-report until Friday, and fills in Thursday and Friday then",
    at: at(25, "12:00"),
    deeds: [
      {
        at: at(25, "12:00"),
        does: "pause",
        job: "data-quality-report",
        by: "ben@laptop (terminal)",
        reason: "the notebook is being rewritten",
      },
      { at: at(28, "10:30"), does: "resume", job: "data-quality-report", by: "ben@laptop (terminal)" },
      {
        at: at(28, "10:31"),
        does: "backfill",
        job: "data-quality-report",
        by: "ben@laptop (terminal)",
        from: at(27, "00:00"),
        to: at(28, "10:00"),
      },
    ],
    shows: [{ job: "data-quality-report", from: at(26, "06:00"), to: at(28, "06:00") }],
  },
  {
    title: "a locked table holds up a copy for 75 minutes; the run that is due meanwhile is not needed",
    at: at(26, "10:05"),
    trouble: { job: "refresh-data", from: at(26, "10:05"), to: at(26, "10:06"), minutes: 75 },
    shows: [{ job: "refresh-data", from: at(26, "10:05"), to: at(26, "11:05") }],
  },
  {
    title: "anna cancels a run that copies too much",
    at: at(26, "15:05"),
    trouble: { job: "refresh-data", from: at(26, "15:05"), to: at(26, "15:06"), minutes: 30 },
    deeds: [{ at: at(26, "15:17"), does: "cancel", job: "refresh-data", by: "anna (server)" }],
    shows: [{ job: "refresh-data", from: at(26, "15:05"), to: at(26, "15:05") }],
  },
  {
    title: "the database is restored from one to two at night; nothing is trained on data of yesterday",
    at: at(27, "01:00"),
    trouble: {
      job: "refresh-data",
      from: at(27, "01:00"),
      to: at(27, "02:00"),
      fails: "extract: PostgreSQL cannot be reached at shop-db:5432: the database system is starting up",
    },
    shows: [
      { job: "refresh-data", from: at(27, "01:05"), to: at(27, "01:05") },
      { job: "train-models", from: at(27, "01:20"), to: at(27, "01:20") },
    ],
  },
  {
    title: "the only scheduler is killed in the middle of a run; another one is started at three",
    at: at(27, "22:07"),
    trouble: { job: "refresh-data", from: at(27, "22:05"), to: at(27, "22:06"), minutes: 12 },
    deeds: [
      { at: at(27, "22:07"), does: "kill scheduler" },
      { at: at(28, "03:00"), does: "start scheduler" },
    ],
    shows: [
      { job: "refresh-data", from: at(27, "22:05"), to: at(28, "02:05") },
      { job: "train-models", from: at(28, "01:20"), to: at(28, "01:20") },
    ],
  },
  {
    title: "a training takes almost four hours; scoring has to wait for its place",
    at: at(29, "01:20"),
    trouble: { job: "train-models", from: at(29, "01:20"), to: at(29, "01:21"), minutes: 225 },
    shows: [
      { job: "train-models", from: at(29, "01:20"), to: at(29, "01:20") },
      { job: "score-customers", from: at(29, "04:30"), to: at(29, "04:30") },
    ],
  },
  {
    title: "summer time begins: there is no 02:30, so what is due then is due at 03:00",
    at: new Date("2025-03-30T01:00Z"),
    shows: [{ job: "collect-garbage", from: at(30, "03:00"), to: at(30, "03:00") }],
  },
  {
    title: "reports are due at seven as on the Monday before, which is an hour earlier in UTC",
    at: at(31, "07:00"),
    shows: [{ job: "publish-reports", from: at(31, "07:00"), to: at(31, "07:00") }],
  },
];
