using AltruistManager.Probing;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace AltruistManager.Web;

/// <summary>
/// Sends what the service measures to a collector over OTLP, where the standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one; the others of
/// OpenTelemetry hold too. Nothing without it.
/// </summary>
internal sealed class TelemetryExport(IConfiguration configuration, IOptions<ProbingOptions> probing) : IHostedService, IDisposable
{
    /// <summary>How long the end of the process waits for a collector.</summary>
    private const int FlushMs = 3_000;

    private OpenTelemetrySdk? sdk;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return Task.CompletedTask;

        sdk = OpenTelemetrySdk.Create(telemetry =>
        {
            // What the service is configured by holds for the exporter too, not only the environment.
            telemetry.Services.AddSingleton(configuration);
            telemetry
                .ConfigureResource(resource => resource.AddService(configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : "altruist-manager").AddAttributes(PlaceOf(probing.Value)))
                .WithMetrics(metrics => metrics.AddMeter(ProbeMetrics.MeterName).AddOtlpExporter());
        });
        // Made when it is first asked for.
        _ = sdk.MeterProvider;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        sdk?.MeterProvider.ForceFlush(FlushMs);
        return Task.CompletedTask;
    }

    public void Dispose() => sdk?.Dispose();

    /// <summary>Where probes are made from, so that a collector can tell several places apart.</summary>
    private static IEnumerable<KeyValuePair<string, object>> PlaceOf(ProbingOptions probing)
    {
        yield return new("altruist_manager.vantage", probing.Vantage);
        if (probing.Region is { } region)
            yield return new("altruist_manager.region", region);
    }
}

internal static class TelemetrySetup
{
    public static IServiceCollection AddTelemetryExport(this IServiceCollection services) => services.AddHostedService<TelemetryExport>();
}
