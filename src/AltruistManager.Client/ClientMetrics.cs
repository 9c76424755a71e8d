using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace AltruistManager.Client;

/// <summary>The meter <c>AltruistManager.Client</c>. Nothing in it tells an address or a secret.</summary>
internal sealed class ClientMetrics : IDisposable
{
    public const string MeterName = "AltruistManager.Client";

    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> relays;
    private readonly Histogram<double> duration;
    private readonly Counter<long> lost;

    /// <param name="generation">Of the picks in use; null when there are none.</param>
    public ClientMetrics(Func<ClientState> state, Func<long?> generation)
    {
        relays = meter.CreateCounter<long>("altruist_manager.client.relays", "{relay}", "Requests sent to altruists, by chain, served_as and outcome");
        duration = meter.CreateHistogram<double>("altruist_manager.client.relay.duration", "s", "From a request to an altruist to the end of its answer");
        lost = meter.CreateCounter<long>("altruist_manager.client.reports.lost", "{report}", "Reports that no manager took");
        meter.CreateObservableGauge("altruist_manager.client.stale", () => state() == ClientState.Fresh ? 0 : 1, null, "1 while no manager has told anything for a while");
        meter.CreateObservableGauge("altruist_manager.client.generation", () => generation() is { } known ? [new Measurement<long>(known)] : Array.Empty<Measurement<long>>(), null, "Of the picks in use");
    }

    public void Relayed(Line line, RelayOutcome outcome, TimeSpan took)
    {
        if (!relays.Enabled && !duration.Enabled)
            return;
        var tags = new TagList { { "chain", line.Chain }, { "served_as", line.ServedAs }, { "outcome", RelayTally.NameOf(outcome) } };
        relays.Add(1, tags);
        duration.Record(took.TotalSeconds, tags);
    }

    public void Lost(int reports) => lost.Add(reports);

    public void Dispose() => meter.Dispose();
}
