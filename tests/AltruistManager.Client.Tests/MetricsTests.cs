using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json.Nodes;

namespace AltruistManager.Client.Tests;

/// <summary>What whoever listens to the meter of the library is told.</summary>
public sealed class MetricsTests
{
    private const string Chain = "metered";
    private const long Generation = 4711;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Meter_tells_relays_staleness_generation_and_lost_reports_and_no_address_or_credential()
    {
        await using var portal = new Portal();
        using var meter = new Listener();
        portal.First.Body = Told.Body(Generation, Told.Slot(
            Chain, Generation, [Told.Altruist("a", 100, auth: new JsonObject { ["type"] = "bearer", ["token"] = "secret-token" })], [Told.Altruist("b")]));
        portal.First.ReportStatus = portal.Second.ReportStatus = HttpStatusCode.BadRequest;
        await portal.StartAsync();
        using var http = new HttpClient(new AltruistHandler(portal.Client) { InnerHandler = new Altruists() });
        using (var answer = await http.SendAsync(new AltruistRequest(Chain, new StringContent("x")), Cancellation))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        string[] relays = [$"chain={Chain} served_as=primary outcome=http5xx", $"chain={Chain} served_as=standby outcome=answered"];
        Assert.Equal(relays.Select(tags => (1.0, tags)), meter.Told("relays"));
        Assert.Equal(relays, meter.Told("relay.duration").Select(duration => duration.Tags));
        Assert.All(meter.Told("relay.duration"), duration => Assert.InRange(duration.Value, 0, 10));
        Assert.Equal([(Generation, "")], meter.Now("generation"));
        Assert.Equal([(0, "")], meter.Now("stale"));

        await portal.UntilAsync("the report is refused", () => meter.Told("reports.lost").Count > 0);
        Assert.Equal((1, ""), meter.Told("reports.lost")[0]);
        portal.First.IsDown = portal.Second.IsDown = true;
        await portal.UntilAsync("it says stale", () => portal.Client.State == ClientState.Stale);
        Assert.Equal([(1, "")], meter.Now("stale"));
        Assert.DoesNotContain(meter.All, told => told.Contains("secret", StringComparison.Ordinal) || told.Contains("example", StringComparison.Ordinal));
    }

    /// <summary>The first fails.</summary>
    private sealed class Altruists : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(
            new HttpResponseMessage(request.RequestUri!.Host == "a.example" ? HttpStatusCode.BadGateway : HttpStatusCode.OK) { RequestMessage = request, Content = new StringContent("{}") });
    }

    /// <summary>Listens to the client that relays for <see cref="Chain"/>; others of the same process have meters of the same name.</summary>
    private sealed class Listener : IDisposable
    {
        private const string Prefix = "altruist_manager.client.";

        private readonly MeterListener listener = new();
        private readonly ConcurrentQueue<(Instrument Instrument, double Value, string Tags)> told = new();

        public Listener()
        {
            listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "AltruistManager.Client")
                    listener.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
            listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
            listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
            listener.Start();
        }

        public IEnumerable<string> All => told.Select(one => $"{one.Instrument.Name} {one.Tags}");

        public List<(double Value, string Tags)> Told(string name)
        {
            var meter = told.First(one => one.Tags.StartsWith($"chain={Chain} ", StringComparison.Ordinal)).Instrument.Meter;
            return [.. told.Where(one => ReferenceEquals(one.Instrument.Meter, meter) && one.Instrument.Name == Prefix + name).Select(one => (one.Value, one.Tags))];
        }

        /// <summary>Of an instrument that is looked at.</summary>
        public List<(double Value, string Tags)> Now(string name)
        {
            var before = Told(name).Count;
            listener.RecordObservableInstruments();
            return Told(name)[before..];
        }

        public void Dispose() => listener.Dispose();

        private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = new List<string>();
            foreach (var (name, tag) in tags)
                text.Add($"{name}={tag}");
            told.Enqueue((instrument, value, string.Join(' ', text)));
        }
    }
}
