using AltruistManager.Selection;

namespace AltruistManager.Transparency;

/// <summary>How far a log was proven.</summary>
/// <param name="Hash">Of the entry of this generation, in hex.</param>
/// <param name="Key">Id of the key that signed it.</param>
public sealed record ProvenHead(string Origin, long Generation, string Hash, string Key);

/// <summary>What a slot must be told as.</summary>
/// <param name="Picks">The primaries, then the standbys, each with its percentage of the traffic, which is 0 for a standby.</param>
public sealed record ProvenSlot(string State, IReadOnlyList<(string Altruist, int Weight)> Picks);

/// <summary>
/// Follows the public logs of services from entry to entry: checks chain, signatures and replay as <c>verify</c> does, that nothing of it was made anew since it was looked at last, and knows what
/// picks it proves. One caller at a time.
/// </summary>
/// <param name="kept">How far they were proven before, one for each origin, the latest last. The log of another origin begins with its newest round, which is taken as following on what nobody saw.</param>
/// <param name="key">The id of the key that must have signed; null takes any, of which a change is told by <see cref="Head"/>.</param>
public sealed class ProvenPicks(IReadOnlyList<ProvenHead> kept, string? key, TimeProvider time)
{
    private const int Remembered = 16;

    private Known? known;

    /// <summary>One for each origin met, the latest last.</summary>
    public IReadOnlyList<ProvenHead> Heads { get; private set; } = kept;

    /// <summary>The latest; null before anything was proven.</summary>
    public ProvenHead? Head => Heads.Count > 0 ? Heads[^1] : null;

    /// <summary>Null for an origin of which nothing was proven.</summary>
    public ProvenHead? HeadOf(string origin) => Heads.FirstOrDefault(head => head.Origin == origin);

    /// <summary>What portals of a region may be told at <see cref="Head"/>; null for a slot that nothing was decided for.</summary>
    public ProvenSlot? Find(string chain, string region) => known?.Slots.GetValueOrDefault((chain, region));

    /// <summary>Whom portals of a region must not use at <see cref="Head"/>.</summary>
    public IReadOnlyCollection<string> RevokedIn(string region) => known?.Revoked.GetValueOrDefault(region) ?? [];

    /// <summary>Next time the picks are read from the newest round on, which is soon done; what was proven stays so.</summary>
    public void ForgetPicks() => known = null;

    /// <summary>Proves the log up to this entry.</summary>
    /// <param name="address">Of the service, without <c>/api</c>.</param>
    /// <returns>Null when it is proven; else the first difference, and nothing has changed.</returns>
    /// <exception cref="LogSourceException">The log cannot be read.</exception>
    public async Task<LogDifference?> AdvanceAsync(Uri address, string origin, long generation, CancellationToken cancellation)
    {
        try
        {
            return await ProveAsync(address, origin, generation, cancellation);
        }
        catch (Exception malformed) when (EntryLog.IsDamage(malformed))
        {
            throw new LogSourceException($"What {address} gives is no log: {malformed.Message.ReplaceLineEndings(" ")}", malformed);
        }
    }

    private async Task<LogDifference?> ProveAsync(Uri address, string origin, long generation, CancellationToken cancellation)
    {
        var head = HeadOf(origin);
        var before = known?.Origin == origin ? known : null;
        if (before is not null && head!.Generation == generation)
            return null;
        if (head?.Generation > generation)
            return new LogDifference(generation, "generation", $"{head.Generation} or more, which was proven", $"{generation}");

        using var source = new LogAtUrl(address, time);
        await source.OpenAsync(cancellation);
        if (source.Origin != origin)
            return new LogDifference(null, "origin", origin, source.Origin ?? "none");
        var next = before is null ? new Known(origin) : new Known(before);
        // A round decides every slot: no more is needed to know them all.
        var bodiesFrom = before is null ? (await source.NewestRoundAsync(generation, cancellation))?.Generation ?? 0 : head!.Generation + 1;
        var from = before is null && head is not null ? Math.Min(bodiesFrom, head.Generation) : bodiesFrom;
        var isAnchored = head is null;
        using var verifier = new LogVerifier(origin, source.Keys, mayBeginLate: false);
        await foreach (var stored in source.ReadAsync(from, generation, bodiesFrom, cancellation))
        {
            var header = stored.Header;
            isAnchored |= header.Hash == head?.Hash;
            if (header.Generation < from)
            {
                verifier.BeginAfter(header);
                continue;
            }

            if (verifier.Check(stored) is { } difference)
                return difference;
            if (verifier.Entry is { } entry)
                next.Take(entry);
            else if (header.Generation >= bodiesFrom)
                return new LogDifference(header.Generation, "body", "one, to know the picks by", "none");
        }

        if (verifier.Last is not { } last || last.Generation != generation)
            return new LogDifference(generation, "generation", "an entry of the log", "none");
        if (!isAnchored)
            return new LogDifference(head!.Generation, "hash", head.Hash, "no entry with it: the log was made anew or cut off");
        var signer = last.Signature is null ? null : LogKey.Of(source.Keys, generation)?.Id;
        if (signer is null || (key is not null && signer != key))
            return new LogDifference(generation, "key", key ?? "any", signer ?? "none: it is not signed");
        known = next;
        Heads = [.. Heads.Where(other => other.Origin != origin).TakeLast(Remembered - 1), new ProvenHead(origin, generation, last.Hash, signer)];
        return null;
    }

    private sealed class Known(string origin)
    {
        public Known(Known other)
            : this(other.Origin)
        {
            Slots = new(other.Slots);
            Revoked = new(other.Revoked);
        }

        public string Origin => origin;

        public Dictionary<(string Chain, string Region), ProvenSlot> Slots { get; } = [];

        public Dictionary<string, IReadOnlyCollection<string>> Revoked { get; } = [];

        public void Take(Entry entry)
        {
            if (entry.IsRound)
                Slots.Clear();
            foreach (var slot in entry.Slots)
            {
                var picks = slot.Outcome.Picks.Select(pick => (entry.Altruists[pick.Altruist].Id.Value, pick.Weight)).ToList();
                var key = slot.Question.Key;
                Slots[(key.Chain.Value, key.Region.Value)] = new ProvenSlot(
                    slot.Outcome.State.ToString().ToLowerInvariant(), [.. picks.Where(pick => pick.Weight > 0), .. picks.Where(pick => pick.Weight == 0)]);
            }

            Revoked.Clear();
            foreach (var revoked in entry.Revoked)
                Revoked[revoked.Region.Value] = [.. revoked.Altruists.Select(altruist => altruist.Value)];
        }
    }
}
