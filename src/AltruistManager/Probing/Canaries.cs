using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>
/// Looks for proof that our own network and resolver work, when that is in doubt (design 5.4): asks the configured canaries, and looks
/// names up that were found before. What comes of it stands in <see cref="EgressProof"/>.
/// </summary>
internal sealed class Canaries(GuardedHttp http, EgressProof egress, IProbeDemand demand, ProbeWork work, IOptions<ProbingOptions> options, TimeProvider time)
{
    private const int NamesPerSide = 3;

    /// <summary>Starts what is wanted and does not wait for it.</summary>
    public void Tick()
    {
        if (demand.TakeCanariesWanted())
            _ = work.Start(AskAsync);
    }

    internal Task AskAsync() => Task.WhenAll([
        .. options.Value.Canaries.Select(url => AskAsync(new Uri(url))),
        .. egress.FoundBefore(EgressSide.Public, NamesPerSide).Concat(egress.FoundBefore(EgressSide.Private, NamesPerSide)).Select(LookUpAsync)]);

    /// <summary>Any answer counts, whatever it says.</summary>
    private async Task AskAsync(Uri canary)
    {
        using var alarm = new CancellationTokenSource(options.Value.Timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, work.Stopping);
        using var request = new HttpRequestMessage(HttpMethod.Get, canary);
        request.Options.Set(ProbeConnection.Key, new ProbeConnection(time, deadline.Token));
        try
        {
            using var response = await http.Own.SendAsync(request, deadline.Token);
            egress.Answered(canary.Host);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // No proof. A handshake that was made all the same was noted where it was made.
        }
    }

    private async Task LookUpAsync(string name)
    {
        using var alarm = new CancellationTokenSource(options.Value.HotTimeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, work.Stopping);
        try
        {
            await http.LookUpAsync(name, deadline.Token);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Noted where it was looked up.
        }
    }
}
