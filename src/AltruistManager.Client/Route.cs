using System.Net.Http.Headers;
using System.Text;

namespace AltruistManager.Client;

/// <summary>Whether an altruist is let alone for a while, because it just failed. Kept over changes of picks, for every chain it serves.</summary>
internal sealed class Condition
{
    /// <summary>How many requests may fail one after the other before it is let alone; one that cannot be connected to is let alone at once.</summary>
    private const int Patience = 3;

    private int failures;
    private long restsUntil;

    /// <summary>Who asks it when its rest is over is the only one for that time again, until it has answered.</summary>
    /// <param name="now">Of the monotonic clock.</param>
    /// <param name="trial">In its ticks.</param>
    public bool MayBeAsked(long now, long trial)
    {
        var until = Volatile.Read(ref restsUntil);
        return until == 0 || (now >= until && Interlocked.CompareExchange(ref restsUntil, now + trial, until) == until);
    }

    public void Answered()
    {
        if (Volatile.Read(ref failures) != 0)
            Volatile.Write(ref failures, 0);
        if (Volatile.Read(ref restsUntil) != 0)
            Volatile.Write(ref restsUntil, 0);
    }

    public void Failed(RelayOutcome outcome, long until)
    {
        if (outcome is RelayOutcome.Connect or RelayOutcome.Throttled || Interlocked.Increment(ref failures) >= Patience)
            Volatile.Write(ref restsUntil, until);
    }
}

/// <summary>An altruist as one chain uses it, ready to be asked.</summary>
internal sealed class Line
{
    private readonly Uri address;
    private readonly AuthenticationHeaderValue? authorization;
    private readonly AltruistAuth auth;

    public Line(string chain, Altruist altruist, bool isPrimary, Condition condition, RelayTally tally)
    {
        Chain = chain;
        IsPrimary = isPrimary;
        Weight = altruist.Weight;
        Condition = condition;
        Tally = tally;
        auth = altruist.Auth;
        authorization = auth.Type switch
        {
            AltruistAuthType.Basic => new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{auth.Name}:{auth.Secret}"))),
            AltruistAuthType.Bearer => new AuthenticationHeaderValue("Bearer", auth.Secret),
            _ => null,
        };
        var url = altruist.Url.AbsoluteUri;
        address = auth.Type == AltruistAuthType.Query
            ? new Uri($"{url}{(url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Uri.EscapeDataString(auth.Name)}={Uri.EscapeDataString(auth.Secret)}")
            : altruist.Url;
    }

    public string Chain { get; }

    public bool IsPrimary { get; }

    public string ServedAs => Tally.ServedAs;

    public int Weight { get; }

    public Condition Condition { get; }

    public RelayTally Tally { get; }

    /// <summary>Addresses the request to the altruist, with its credentials and with those of nobody else.</summary>
    /// <returns>What the caller's own header of the same name held, for <see cref="Forget"/>.</returns>
    public HeaderStringValues Address(HttpRequestMessage request)
    {
        request.RequestUri = address;
        if (authorization is not null)
            request.Headers.Authorization = authorization;
        if (auth.Type != AltruistAuthType.Header)
            return default;
        var displaced = OwnHeaders.TakeOff(request, auth.Name);
        request.Headers.TryAddWithoutValidation(auth.Name, auth.Secret);
        return displaced;
    }

    /// <summary>Takes the credentials off again.</summary>
    public void Forget(HttpRequestMessage request, HeaderStringValues displaced)
    {
        if (authorization is not null)
            request.Headers.Authorization = null;
        if (auth.Type != AltruistAuthType.Header)
            return;
        request.Headers.Remove(auth.Name);
        OwnHeaders.PutOn(request, auth.Name, displaced);
    }
}

/// <summary>Whom to ask for a chain, and in which order.</summary>
/// <param name="lines">The primaries first.</param>
internal sealed class Route(ChainSelection selection, IReadOnlyList<Line> lines)
{
    /// <summary>So many are ever tried.</summary>
    private const int Most = 64;

    private readonly Line[] lines = [.. lines.Take(Most)];
    private readonly int primaries = lines.Take(Most).Count(line => line.IsPrimary);
    private readonly int weights = lines.Take(Most).Sum(line => line.Weight);

    public string Chain => selection.Chain;

    public TimeSpan Timeout => selection.RequestTimeout;

    public int Count => lines.Length;

    /// <summary>
    /// The next to ask: at first a primary by its share of the turns, then the other primaries and the standbys in their order; those that are let alone come last.
    /// </summary>
    /// <param name="tried">A bit for each that was asked already.</param>
    /// <param name="turn">Counts requests: of any hundred in a row each primary gets its share exactly.</param>
    /// <returns>Null when all were asked.</returns>
    public Line? Next(ref ulong tried, uint turn, long now, long trial)
    {
        if (tried == 0 && primaries > 0)
        {
            var first = primaries == 1 ? 0 : ByShare(turn);
            if (lines[first].Condition.MayBeAsked(now, trial))
                return Take(first, ref tried);
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if ((tried & (1UL << i)) == 0 && lines[i].Condition.MayBeAsked(now, trial))
                return Take(i, ref tried);
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if ((tried & (1UL << i)) == 0)
                return Take(i, ref tried);
        }

        return null;
    }

    private Line Take(int index, ref ulong tried)
    {
        tried |= 1UL << index;
        return lines[index];
    }

    private int ByShare(uint turn)
    {
        if (weights <= 0)
            return (int)(turn % (uint)primaries);
        // 61 shares no factor with 100: neighbours in time are spread over the shares. Other sums go through in order.
        var place = weights == 100 ? (int)((turn % 100 * 61) % 100) : (int)(turn % (uint)weights);
        for (var i = 0; i < primaries; i++)
        {
            place -= lines[i].Weight;
            if (place < 0)
                return i;
        }

        return 0;
    }
}
