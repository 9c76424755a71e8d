using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>What somebody kept of a log elsewhere: what no log can show by itself is that all of it, or its end, was made anew.</summary>
/// <param name="Head">The hash of an entry that must still be there, in hex; null for none.</param>
/// <param name="Key">The id of the key that must have signed the newest entry; null for any.</param>
public sealed record LogAnchor(string? Head, string? Key)
{
    public static readonly LogAnchor None = new(null, null);
}

/// <summary>What a verification found.</summary>
/// <param name="Difference">The first one; null when all is as it should be.</param>
/// <param name="First">Null when there was no entry.</param>
/// <param name="FirstKept">From where on bodies were replayed; null when none was.</param>
/// <param name="Forgotten">Entries of which only the header is kept.</param>
/// <param name="BeginsLate">What came before the first entry was not there to be checked.</param>
public sealed record LogReport(
    LogDifference? Difference, LogHeader? First, LogHeader? Last, LogHeader? FirstKept, int Forgotten, int Replayed, long Decisions, string? Key, bool BeginsLate);

/// <summary>Verifies a log from wherever it is (contract 1, <c>verify</c>).</summary>
public sealed class LogVerification : IDisposable
{
    private readonly ILogSource source;

    private LogVerification(ILogSource source) => this.source = source;

    /// <summary>What the log must hold.</summary>
    public LogAnchor Anchor { get; set; } = LogAnchor.None;

    public static LogVerification OfDatabase(Database database) => new(new LogInDatabase(database));

    public static LogVerification OfFile(string path) => new(new LogFile(path));

    /// <param name="address">Of a service, without <c>/api</c>.</param>
    public static LogVerification OfUrl(Uri address, TimeProvider time) => new(new LogAtUrl(address, time));

    /// <param name="from">The first generation that is checked; the one before it is taken as it is.</param>
    /// <param name="save">Takes all that is read as a file for <see cref="OfFile"/>; null for nothing.</param>
    /// <exception cref="LogSourceException">It cannot be read.</exception>
    public async Task<LogReport> RunAsync(long from, long to, Stream? save, CancellationToken cancellation)
    {
        try
        {
            return await VerifyAsync(from, to, save, cancellation);
        }
        catch (Exception malformed) when (EntryLog.IsDamage(malformed))
        {
            throw new LogSourceException($"What was read is no log: {malformed.Message.ReplaceLineEndings(" ")}", malformed);
        }
    }

    public void Dispose() => source.Dispose();

    private async Task<LogReport> VerifyAsync(long from, long to, Stream? save, CancellationToken cancellation)
    {
        await source.OpenAsync(cancellation);
        using var writer = save is null ? null : new LogFile.Writer(save);
        LogVerifier? verifier = null;
        LogDifference? difference = null;
        var anchored = Anchor.Head is null;
        try
        {
            await foreach (var stored in source.ReadAsync(from, to, cancellation))
            {
                if (verifier is null)
                {
                    verifier = new LogVerifier(source.Origin, source.Keys, source.MayBeginLate);
                    writer?.WriteKeys(source.Keys);
                }

                writer?.Write(stored);
                anchored |= stored.Header.Hash == Anchor.Head;
                if (stored.Header.Generation < from)
                {
                    verifier.BeginAfter(stored.Header);
                    continue;
                }

                if (verifier.Expects(stored))
                {
                    // Unless time has caught up with us.
                    if (await source.IsStillKeptAsync(verifier.Last!.Generation, cancellation))
                        difference = new LogDifference(stored.Header.Generation, "body", "one, as the entry before has", "none");
                    else
                        verifier.Forget();
                }

                difference ??= verifier.Check(stored);
                if (difference is not null)
                    break;
            }

            difference ??= await source.FindStrayAsync(from, to, cancellation);
            var first = verifier?.First;
            var key = verifier?.Last is { Signature: not null } last ? LogKey.Of(source.Keys, last.Generation)?.Id : null;
            if (!anchored)
                difference ??= new LogDifference(null, "hash", Anchor.Head!, "no entry with it: the log was made anew or cut off, or the entry is outside of what was checked");
            if (Anchor.Key is { } demanded && demanded != key)
                difference ??= new LogDifference(verifier?.Last?.Generation, "key", demanded, key ?? "none");
            return new LogReport(
                difference, first, verifier?.Last, verifier?.FirstKept, verifier?.Forgotten ?? 0, verifier?.Replayed ?? 0, verifier?.Decisions ?? 0, key, first is not null && verifier!.BeganLate);
        }
        finally
        {
            verifier?.Dispose();
        }
    }
}
