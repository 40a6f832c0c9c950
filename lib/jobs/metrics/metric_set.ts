import prometheus from "prom-client";

/** The metrics of all jobs; names and units follow Prometheus' conventions. */
export function metricSet() {
  const registry = new prometheus.Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new prometheus.Gauge({ name: `shopflow_${name}`, help, labelNames: labels, registers });
  const counter = (name: string, help: string, ...labels: string[]) =>
    new prometheus.Counter({ name: `shopflow_${name}`, help, labelNames: labels, registers });
  return {
    registry,
    info: gauge("job_info", "Who answers for a job; always 1.", "job", "owner", "pool", "channel"),
    slots: counter("job_slots_total", "Slots that ended, by how.", "job", "status"),
    attempts: counter("job_attempts_total", "Tries of runs that ended, by how.", "job", "ended"),
    openSlots: gauge("job_open_slots", "Slots that have not ended, by what they do.", "job", "status"),
    oldestOpen: gauge(
      "job_oldest_open_slot_age_seconds",
      "How long ago the oldest open slot was due; 0 when none is open.",
      "job",
    ),
    lastEnd: gauge("job_last_end_timestamp_seconds", "When a slot ended last, however it did.", "job"),
    lastSuccess: gauge("job_last_success_timestamp_seconds", "When a slot succeeded last.", "job"),
    duration: gauge("job_last_run_duration_seconds", "How long the try took that ended last.", "job"),
    peakMemory: gauge(
      "job_last_run_peak_memory_bytes",
      "Largest resident memory of the try that ended last, where it is known.",
      "job",
    ),
    nextDue: gauge(
      "job_next_due_timestamp_seconds",
      "The next slot that is not in the ledger yet; in the past when no scheduler enters it.",
      "job",
    ),
    failing: gauge("job_failing", "1 from the first run that failed until one succeeds.", "job"),
    overdue: gauge("job_sla_overdue", "1 from the first slot that missed the SLA until one keeps it.", "job"),
    paused: gauge("job_paused", "1 while a person holds the job back.", "job"),
    alertsWaiting: gauge("job_alerts_waiting", "Alerts that their channel has not taken yet.", "job"),
    unreadable: gauge(
      "ledger_unreadable_pages",
      "Objects of the job's ledger that are damaged; the other metrics go without them.",
      "job",
    ),
    schedulers: gauge("schedulers_alive", "Schedulers that said lately that they live."),
  };
}

export type MetricSet = ReturnType<typeof metricSet>;
