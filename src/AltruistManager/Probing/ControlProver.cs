using System.Net;
using System.Text;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>What there is to show at one host and port, and what was found there.</summary>
/// <param name="DnsName">Null for an address, which has no records.</param>
/// <param name="IsProven">False before it was looked.</param>
/// <param name="File">What became of the file, in words; null before it was looked.</param>
/// <param name="Dns">The same of the DNS record.</param>
public sealed record ControlPlace(string Host, string FileUrl, string? DnsName, bool IsProven = false, string? File = null, string? Dns = null);

/// <param name="Altruist">As it is now, or would be once it is registered.</param>
/// <param name="Challenge">Null where nothing has to be shown any more.</param>
public sealed record ControlReport(Altruist Altruist, ControlChallenge? Challenge, IReadOnlyList<ControlPlace> Places, string Reason);

/// <summary>
/// Proof that a provider controls the hosts of an altruist (design 5.7): a file at <c>/.well-known/altruist-manager/</c>, or a DNS TXT record, at each host and port
/// that it names. Staff attest instead (<see cref="AltruistDraft.Attested"/>).
/// </summary>
public sealed class ControlProver
{
    public const string FileFolder = "/.well-known/altruist-manager/";

    public const string DnsLabel = "_altruist-manager";

    private const int MostBytes = 1024;

    private readonly GuardedHttp http;
    private readonly TxtResolver txt;
    private readonly ControlStore store;
    private readonly AltruistRegistry registry;
    private readonly RosterCache rosters;
    private readonly RefusalLog refusals;
    private readonly ProbingOptions options;
    private readonly TimeProvider time;

    internal ControlProver(
        GuardedHttp http, TxtResolver txt, ControlStore store, AltruistRegistry registry, RosterCache rosters, RefusalLog refusals, IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.http = http;
        this.txt = txt;
        this.store = store;
        this.registry = registry;
        this.rosters = rosters;
        this.refusals = refusals;
        this.options = options.Value;
        this.time = time;
    }

    /// <summary>What is to be shown where; the same until it is too old.</summary>
    public async Task<Registered<ControlReport>> StartAsync(Actor actor, AltruistId id, CancellationToken cancellation)
    {
        if (FindOwn(actor, id, out var altruist) is { } refusal)
            return refusal;
        if (altruist!.Attested)
            return Registered<ControlReport>.Done(new ControlReport(altruist, null, [], InWords(altruist)), created: false);

        return ToShow(altruist, await store.StartAsync(actor, altruist, cancellation));
    }

    /// <summary>The same before it is registered: what is proven counts once this provider registers an altruist at these very places.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public async Task<Registered<ControlReport>> StartNewAsync(Actor actor, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var proposed = await registry.ProposeAsync(actor, draft, errors, cancellation);
        if (proposed.Value is not { } altruist)
            return proposed.Refusal!;
        if (altruist.Attested)
            return Registered<ControlReport>.Done(new ControlReport(altruist, null, [], InWords(altruist)), created: false);

        var shown = await store.StartNewAsync(actor, altruist.Provider, AltruistRegistry.PlacesTextOf(altruist), cancellation);
        return shown.By is { } by ? Proven(altruist with { Attested = true, ControlBy = by }, []) : ToShow(altruist, shown.Challenge);
    }

    /// <inheritdoc cref="StartNewAsync"/>
    public async Task<Registered<ControlReport>> CheckNewAsync(Actor actor, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var started = await StartNewAsync(actor, draft, errors, cancellation);
        if (started.Value is not { Challenge: { } challenge, Altruist: var altruist })
            return started;

        var (found, by) = await LookAsync(altruist, challenge, cancellation);
        if (by is not { } proof)
            return NotProven(altruist, challenge, found);
        return await store.ProveNewAsync(actor, altruist.Provider, AltruistRegistry.PlacesTextOf(altruist), challenge, proof, CancellationToken.None)
            ? Proven(altruist with { Attested = true, ControlBy = proof }, found)
            : new Refusal(RefusalKind.Taken, "changed-meanwhile", "What was to be shown is over: show the new answer, then check again.");
    }

    /// <summary>Looks whether it is shown; where it is, control counts as proven.</summary>
    public async Task<Registered<ControlReport>> CheckAsync(Actor actor, AltruistId id, CancellationToken cancellation)
    {
        var started = await StartAsync(actor, id, cancellation);
        if (started.Value is not { Challenge: { } challenge, Altruist: var altruist })
            return started;

        var (found, by) = await LookAsync(altruist, challenge, cancellation);
        if (by is not { } proof)
            return NotProven(altruist, challenge, found);
        var outcome = await registry.ProveAsync(actor, id, [.. AltruistRegistry.PlacesToProve(altruist).Keys], proof, CancellationToken.None);
        return outcome.Refusal is { } refused ? refused : Proven(outcome.Value!, found);
    }

    private const string Found = "found";

    private static Registered<ControlReport> ToShow(Altruist altruist, ControlChallenge challenge) => Registered<ControlReport>.Done(
        new ControlReport(altruist, challenge, [.. AltruistRegistry.PlacesToProve(altruist).Values.Select(url => PlaceOf(url, challenge))], "show the answer at each place, then check"), created: false);

    private static Registered<ControlReport> NotProven(Altruist altruist, ControlChallenge challenge, IReadOnlyList<ControlPlace> found) =>
        Registered<ControlReport>.Done(new ControlReport(altruist, challenge, found, found.Count == 0 ? altruist.Undecryptable!.ToString() : "control is not proven"), created: false);

    private static Registered<ControlReport> Proven(Altruist altruist, IReadOnlyList<ControlPlace> found) =>
        Registered<ControlReport>.Done(new ControlReport(altruist, null, found, InWords(altruist)), created: false);

    private static string InWords(Altruist altruist) => altruist.ControlBy switch
    {
        ControlProof.WellKnown => "control is proven by a file on its host",
        ControlProof.Dns => "control is proven by DNS",
        _ => "control is attested by staff",
    };

    private static ControlPlace PlaceOf(Uri url, ControlChallenge challenge)
    {
        var isName = url.HostNameType is UriHostNameType.Dns;
        return new ControlPlace(
            url.Authority, $"{(url.Scheme is "https" or "wss" ? "https" : "http")}://{url.Authority}{FileFolder}{challenge.Token}", isName ? $"{DnsLabel}.{url.IdnHost}" : null);
    }

    /// <summary>Looks at each place; by what control is proven, null where it is not.</summary>
    private async Task<(IReadOnlyList<ControlPlace> Found, ControlProof? By)> LookAsync(Altruist altruist, ControlChallenge challenge, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(AltruistRegistry.PlacesToProve(altruist).Values.Select(url => LookAsync(altruist, url, challenge, cancellation)));
        if (found.Length == 0 || !Array.TrueForAll(found, place => place.IsProven))
            return (found, null);
        return (found, Array.TrueForAll(found, place => place.File == Found) ? ControlProof.WellKnown : ControlProof.Dns);
    }

    private async Task<ControlPlace> LookAsync(Altruist altruist, Uri url, ControlChallenge challenge, CancellationToken cancellation)
    {
        var place = PlaceOf(url, challenge);
        var file = LookForFileAsync(altruist, new Uri(place.FileUrl), challenge.Answer, cancellation);
        var dns = place.DnsName is { } name ? LookForRecordAsync(name, challenge.Answer, cancellation) : Task.FromResult("an address has no records");
        return place with { File = await file, Dns = await dns, IsProven = await file == Found || await dns == Found };
    }

    /// <summary>Without the altruist's credentials, which are for its endpoint only.</summary>
    private async Task<string> LookForFileAsync(Altruist altruist, Uri url, string answer, CancellationToken cancellation)
    {
        using var alarm = new CancellationTokenSource(options.Timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, cancellation);
        var connection = new ProbeConnection(time, deadline.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Options.Set(ProbeConnection.Key, connection);
        try
        {
            using var line = http.Open(altruist with { Auth = EndpointAuth.None }, isSeldom: true);
            using var response = await line.Http.SendAsync(request, deadline.Token);
            if (response.StatusCode is not HttpStatusCode.OK)
                return $"the host answers {(int)response.StatusCode}";
            await using var body = await response.Content.ReadAsStreamAsync(deadline.Token);
            var buffer = new byte[MostBytes];
            var length = await body.ReadAtLeastAsync(buffer, MostBytes, throwOnEndOfStream: false, deadline.Token);
            return Encoding.UTF8.GetString(buffer, 0, length).Trim() == answer ? Found : "the file holds something else";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return connection.Failure?.Detail ?? "the host did not answer in time";
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            return connection.Failure?.Detail ?? "the host gave no whole answer";
        }
    }

    private async Task<string> LookForRecordAsync(string name, string answer, CancellationToken cancellation)
    {
        try
        {
            var records = await txt.FindAsync(name, cancellation);
            return records.Contains(answer) ? Found : records.Count == 0 ? "there is no such record" : "the record holds something else";
        }
        catch (IOException failed)
        {
            return failed.Message;
        }
    }

    private Refusal? FindOwn(Actor actor, AltruistId id, out Altruist? altruist)
    {
        altruist = rosters.Current.Altruists.GetValueOrDefault(id);
        if (altruist is null)
            return new Refusal(RefusalKind.Unknown, "unknown-altruist", $"There is no altruist '{id}'.");
        if (altruist.RetiredAt is not null)
            return new Refusal(RefusalKind.Retired, "retired", $"The altruist {id} is retired.");
        var refusal = Refusal.UnlessMayChange(actor, altruist.Provider, "this altruist");
        if (refusal is not null)
            refusals.Note(actor, new AuditEntry("altruist.prove", "altruist", id.Value) { Provider = actor.OnlyProvider, Detail = $"{refusal.Code}: {refusal.Detail}" });
        return refusal;
    }
}
