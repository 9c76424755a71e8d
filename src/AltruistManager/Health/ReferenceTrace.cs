using System.Text.Json;
using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Storage;

namespace AltruistManager.Health;

/// <summary>
/// What the head of a network was, as far as its nodes prove it (design 5.2); an immutable value, each batch of observations gives the
/// next. An observation is judged at its own time, and only by what others were really seen to have: that the chain should have gone
/// on since is a reason to look again (<see cref="HeadJudgement.Undecided"/>), never evidence.
/// </summary>
public sealed record ReferenceTrace
{
    public static readonly ReferenceTrace Empty = new();

    /// <summary>Providers that must vote before lag alone may evict, unless there is a reference.</summary>
    private const int Quorum = 3;

    private const string NotEnough = "not enough others to judge";

    /// <summary>2009-01-03, of Bitcoin's first block: no chain is older.</summary>
    private const long FirstChainMs = 1_231_006_505_000;

    private const int MaxPoints = 64;
    private const long FutureToleranceMs = 60_000;
    private const long ShortestSilenceMs = 60_000;
    private const long ShortestFreshnessMs = 15_000;

    /// <summary>Answers of one sweep arrive within this.</summary>
    private const long SweepSpreadMs = 7_000;

    /// <summary>A burst may be this much faster than the chain's measured pace; the seed may be wrong by far more.</summary>
    private const double MeasuredBurst = 2;
    private const double SeedBurst = 100;

    /// <summary>What the fastest chain makes in the least tolerance.</summary>
    private const double SeedSlackBlocks = 1000;

    /// <summary>The pace is measured over one to two of these, and as many blocks.</summary>
    private const long AnchorMs = 15 * 60_000;
    private const long AnchorBlocks = 20;

    /// <summary>Where the head was seen to rise (or, after a reset, to have fallen), oldest first.</summary>
    public IReadOnlyList<Point> Points { get; init; } = [];

    /// <summary>The newest observation of each altruist that answered within two sweeps, in the order of their ids.</summary>
    public IReadOnlyList<Vote> Votes { get; init; } = [];

    /// <summary>Seconds per block as measured; null while there is only the configured one.</summary>
    public double? MeasuredBlockTime { get; init; }

    /// <summary>Since when nobody's head moved although enough of them were asked; null while the chain goes on.</summary>
    public long? HaltedSinceMs { get; init; }

    [JsonIgnore]
    public bool Halted => HaltedSinceMs is not null;

    /// <summary>The newest head; null while there is none.</summary>
    [JsonIgnore]
    public long? Height => Points.Count == 0 ? null : Points[^1].Height;

    /// <param name="Base">When the chain was there at the latest: the time of the observation, or the head's own if that is older.</param>
    public readonly record struct Point(long AtMs, long Height, long Base);

    public sealed record Vote
    {
        private readonly Whole headTimeMs;
        private readonly Whole fellMs;

        public required string Altruist { get; init; }
        public required string Provider { get; init; }
        public required bool Reference { get; init; }

        /// <summary>Others only have their own progress remembered.</summary>
        public required bool Counts { get; init; }
        public required long AtMs { get; init; }
        public required long Height { get; init; }
        public required long? HeadTimeMs { get => headTimeMs; init => headTimeMs = value; }

        /// <summary>When its height was last seen to rise.</summary>
        public required long RoseMs { get; init; }

        // Its pace is measured from the older anchor to its last rise.
        public required long AnchorMs { get; init; }
        public required long AnchorHeight { get; init; }
        public required long NextAnchorMs { get; init; }
        public required long NextAnchorHeight { get; init; }

        /// <summary>When it was last lower than its own vote before: a reset, a reorganisation, or several nodes behind one URL.</summary>
        public long? FellMs { get => fellMs; init => fellMs = value; }
    }

    /// <summary>Whether anybody's vote is that new.</summary>
    public bool IsFresh(DateTimeOffset at, TimeSpan within)
    {
        var since = (at - within).ToUnixTimeMilliseconds();
        return Votes.Any(vote => vote.Counts && vote.AtMs >= since);
    }

    public double BlockTime(NetworkRules rules) => MeasuredBlockTime ?? rules.SeedBlockTimeSeconds;

    /// <summary>The trace with one more batch.</summary>
    /// <param name="batch">Successful observations, of one network.</param>
    /// <param name="voters">Whose earlier votes still count.</param>
    /// <param name="sweepInterval">Votes older than two of these are dropped.</param>
    public ReferenceTrace Observe(IReadOnlyCollection<Observation> batch, Func<AltruistId, bool> voters, NetworkRules rules, TimeSpan sweepInterval)
    {
        if (batch.Count == 0)
            return this;

        var now = batch.Max(seen => seen.At.ToUnixTimeMilliseconds());
        var keep = Math.Max(2 * (long)sweepInterval.TotalMilliseconds, 30_000);
        // For each answer of a hot altruist: in place, and in the order they are in.
        var votes = new List<Vote>(Math.Max(Votes.Count, batch.Count));
        foreach (var vote in Votes)
        {
            // A vote from the future is from before somebody set the clock back.
            if (vote.AtMs >= now - keep && vote.AtMs <= now + FutureToleranceMs)
                votes.Add(vote.Counts == voters(new AltruistId(vote.Altruist)) ? vote : vote with { Counts = !vote.Counts });
        }

        foreach (var seen in batch)
        {
            var place = PlaceOf(seen.Altruist, votes);
            if (Merge(place < 0 ? null : votes[place], seen, rules) is not { } merged)
                continue;
            if (place < 0)
                votes.Insert(~place, merged);
            else
                votes[place] = merged;
        }

        var next = this with { Votes = votes };
        next = next with { MeasuredBlockTime = next.Measure() ?? MeasuredBlockTime };
        return next.WithHead(now, rules).WithHalt(now, rules);
    }

    /// <summary>Judges an observation that <see cref="Observe"/> has taken in, at its own time.</summary>
    public HeadAssessment Judge(Observation seen, NetworkRules rules) => JudgeAmongEquals(seen, rules) ?? JudgeInFull(seen, rules);

    /// <summary>
    /// The usual case at a small part of its price: enough others were just asked and nobody is far from anybody, so that whatever the
    /// median is, nobody is ahead, behind or left out.
    /// </summary>
    /// <returns>What <see cref="JudgeInFull"/> says; null where that has to be asked.</returns>
    private HeadAssessment? JudgeAmongEquals(Observation seen, NetworkRules rules)
    {
        var blockTime = BlockTime(rules);
        var tolerance = rules.ToleranceBlocks(blockTime);
        var at = seen.At.ToUnixTimeMilliseconds();
        var headAgeMs = at - seen.HeadTime?.ToUnixTimeMilliseconds();
        if (headAgeMs < -FutureToleranceMs || headAgeMs > rules.MaxHeadAgeSeconds * 1000)
            return null;

        var freshSince = at - Math.Max(ShortestFreshnessMs, rules.ToleranceSeconds(blockTime) * 1000);
        string? freshProvider = null;
        var freshQuorum = false;
        var lowest = seen.Height;
        var highest = 0L;
        double reached = 0;
        foreach (var vote in Votes)
        {
            if (vote.Altruist == seen.Altruist.Value)
            {
                if (vote.FellMs is not null)
                    return null;
                lowest = Math.Min(lowest, vote.Height);
                continue;
            }

            if (!vote.Counts)
                continue;
            lowest = Math.Min(lowest, vote.Height);
            highest = Math.Max(highest, vote.Height);
            reached = Math.Max(reached, HeightAt(vote, at, blockTime));
            if (!freshQuorum && vote.AtMs >= freshSince)
            {
                freshQuorum = vote.Reference || vote.Provider != seen.Provider.Value && freshProvider is not null && freshProvider != vote.Provider;
                if (vote.Provider != seen.Provider.Value)
                    freshProvider ??= vote.Provider;
            }
        }

        return freshQuorum && highest <= seen.Height + tolerance && Math.Max(highest, seen.Height) <= lowest + 3 * tolerance
            ? new(HeadJudgement.InSync, (long)Math.Max(0, reached - seen.Height), tolerance, HaltReason(at))
            : null;
    }

    internal HeadAssessment JudgeInFull(Observation seen, NetworkRules rules)
    {
        var tolerance = rules.ToleranceBlocks(BlockTime(rules));
        var headAgeMs = HeadAgeMs(seen);
        if (headAgeMs < -FutureToleranceMs)
            return new(HeadJudgement.Ahead, null, tolerance, $"ahead of the chain: its head is dated {Phrase.Duration(-headAgeMs.Value)} in the future");

        var own = Votes.FirstOrDefault(vote => vote.Altruist == seen.Altruist.Value);
        var others = Votes.Where(vote => vote.Counts && vote.Altruist != seen.Altruist.Value).ToList();
        var voters = others.Select(vote => vote.Provider).Append(seen.Votes ? seen.Provider.Value : null).OfType<string>().Distinct().Count();
        var tooOld = rules.MaxHeadAgeSeconds is { } oldest && headAgeMs > oldest * 1000 && !(Halted && voters > 1)
            ? $"answers, but its head is {Phrase.Duration(headAgeMs.Value)} old, {Phrase.Duration((long)(oldest * 1000))} are allowed"
            : null;
        return voters >= Quorum || others.Exists(vote => vote.Reference)
            ? JudgeAmongMany(seen, own, others, tooOld, rules)
            : JudgeAmongFew(seen, own, others, tooOld, rules);
    }

    private HeadAssessment JudgeAmongMany(Observation seen, Vote? own, List<Vote> others, string? tooOld, NetworkRules rules)
    {
        var blockTime = BlockTime(rules);
        var tolerance = rules.ToleranceBlocks(blockTime);
        var at = seen.At.ToUnixTimeMilliseconds();
        var otherProviders = OtherProviders(others, seen.Provider);
        var fresh = others.FindAll(vote => vote.AtMs >= FreshSince(at, rules));
        var freshOthers = OtherProviders(fresh, seen.Provider);
        var freshQuorum = freshOthers >= Quorum - 1 || fresh.Exists(vote => vote.Reference);

        if (seen.Height > PlausibleMaximum(at, seen.Altruist, rules))
            return freshOthers == 0 ? new(otherProviders == 0 ? HeadJudgement.InSync : HeadJudgement.Undecided, null, tolerance, null) : Ahead(seen, fresh, tolerance);

        // After a fall, what others had before may be gone for them as well.
        var since = own?.FellMs - SweepSpreadMs;
        var accepted = Accepted(since is null ? others : others.FindAll(vote => vote.AtMs >= since), at, rules).ToList();
        if (accepted.Count == 0 && tooOld is null)
            return new(since is not null && otherProviders > 0 ? HeadJudgement.Undecided : HeadJudgement.InSync, null, tolerance, null);

        long? lag = accepted.Count == 0 ? null : (long)Math.Max(0, accepted.Max(vote => HeightAt(vote, at, blockTime)) - seen.Height);
        var ahead = accepted.FindAll(vote => HeightAt(vote, at, blockTime) > seen.Height + tolerance);
        if (WhyStale(seen, own, ahead, rules) is { } stale)
            return new(HeadJudgement.Stale, lag, tolerance, stale);
        if (tooOld is not null)
            return new(HeadJudgement.Lagging, lag, tolerance, tooOld);

        if (ahead.Count > 0 && lag is { } blocks)
        {
            var behind = Behind(seen, blocks, accepted, ahead, blockTime);
            var referenceAhead = ahead.Exists(vote => vote.Reference);
            var ownHeadOld = IsOld(seen, rules);
            // One leader alone could be lying, unless the altruist's own head is old. With a mere seed for a block time, the head's own date must say it as well.
            if (referenceAhead || ownHeadOld && freshQuorum || OtherProviders(ahead, seen.Provider) >= Quorum - 1 && (MeasuredBlockTime is not null || ownHeadOld))
                return new(HeadJudgement.Lagging, lag, tolerance, $"answers, but is {behind}");
            return new(ownHeadOld ? HeadJudgement.Undecided : HeadJudgement.InSync, lag, tolerance, behind);
        }

        if (!freshQuorum && MeasuredBlockTime is not null && Extrapolate(at, blockTime) is { } expected && expected - seen.Height > tolerance)
            return new(HeadJudgement.Undecided, (long)(expected - seen.Height), tolerance, null);

        return new(HeadJudgement.InSync, lag, tolerance, HaltReason(at));
    }

    /// <summary>
    /// Fewer than three providers, and no reference: how far they are apart is told and evicts nobody. What evicts is a date: one's own that is old, that of a head which
    /// went on while one's own stood still, that of another provider's head since which the chain cannot have made so much as a head without a recent date says; and a
    /// height that no chain can be at.
    /// </summary>
    private HeadAssessment JudgeAmongFew(Observation seen, Vote? own, List<Vote> others, string? tooOld, NetworkRules rules)
    {
        var blockTime = BlockTime(rules);
        var tolerance = rules.ToleranceBlocks(blockTime);
        var at = seen.At.ToUnixTimeMilliseconds();
        var limits = new LimitsOfFew(this, at, rules);
        // No height of theirs makes a reference ahead.
        if (seen.Height > limits.Of(seen.Provider.Value, IsRecent(seen.HeadTime?.ToUnixTimeMilliseconds(), at)) && !(seen.Reference && seen.Votes))
        {
            var below = others.FindAll(vote => vote.AtMs >= FreshSince(at, rules) && vote.Height < seen.Height);
            return OtherProviders(below, seen.Provider) == 0 ? new(HeadJudgement.Undecided, null, tolerance, null) : Ahead(seen, below, tolerance);
        }

        // After a fall, what others had before may be gone for them as well.
        var compared = own?.FellMs is { } fell ? others.FindAll(vote => vote.AtMs >= fell - SweepSpreadMs) : others;
        if (OtherProviders(compared, seen.Provider) == 0 && OtherProviders(others, seen.Provider) > 0 && tooOld is null)
            return new(HeadJudgement.Undecided, null, tolerance, null);

        compared = compared.FindAll(vote => HeightAt(vote, at, blockTime) <= limits.Of(vote.Provider, IsRecent(vote.HeadTimeMs, vote.AtMs)));
        var ahead = compared.FindAll(vote => HeightAt(vote, at, blockTime) > seen.Height + tolerance);
        // That nobody can tell whether they are ahead of the chain makes them no evidence, and those of its own provider are held to its own head.
        var grown = limits.Since(seen.Height, at - Math.Max(0, HeadAgeMs(seen) ?? 0));
        var witnesses = ahead.FindAll(vote => HeightAt(vote, at, blockTime) <= (vote.Provider == seen.Provider.Value ? grown : limits.Of(vote.Provider, isRecent: false)));
        if (WhyStale(seen, own, witnesses, rules) is { } stale)
            return new(HeadJudgement.Stale, Highest(witnesses) - seen.Height, tolerance, stale);
        if (tooOld is not null)
            return new(HeadJudgement.Lagging, null, tolerance, tooOld);

        if (compared.Count == 0)
            return new(HeadJudgement.InSync, null, tolerance, null);

        if (ahead.Count > 0)
        {
            var leaders = Strangers(ahead);
            var blocks = Highest(leaders) - seen.Height;
            // Only dates tell that it is behind and not the others ahead; a lag that nobody can tell would keep one out that was lagging before.
            var isBehind = seen.HeadTime is not null && IsOld(seen, rules) && witnesses.Exists(vote => vote.HeadTimeMs is not null);
            return new(HeadJudgement.InSync, isBehind ? blocks : null, tolerance, $"{Behind(seen, blocks, leaders, leaders, blockTime)}; {NotEnough}");
        }

        var nearest = Strangers(compared);
        var lead = seen.Height - Highest(nearest);
        return new(HeadJudgement.InSync, Math.Max(0, Highest(compared) - seen.Height), tolerance, seen.Height > nearest.Max(vote => limits.Since(vote.Height, Base(vote)))
            ? $"{Blocks(lead, (long)(lead * blockTime * 1000))} ahead of {OthersInWords(nearest, seen.Provider)}; {NotEnough}"
            : HaltReason(at));

        // Not only just within tolerance: that would come and go with every block.
        bool IsRecent(long? headTimeMs, long asked) => headTimeMs is { } dated && asked - dated <= SilenceMs(blockTime);

        long Highest(List<Vote> votes) => (long)votes.Max(vote => HeightAt(vote, at, blockTime));

        // Altruists of its own provider only where there is nobody else.
        List<Vote> Strangers(List<Vote> votes) => votes.FindAll(vote => vote.Provider != seen.Provider.Value) is { Count: > 0 } strangers ? strangers : votes;
    }

    private static HeadAssessment Ahead(Observation seen, List<Vote> fresh, double tolerance)
    {
        var strangers = fresh.FindAll(vote => vote.Provider != seen.Provider.Value);
        return new(HeadJudgement.Ahead, null, tolerance, $"ahead of the chain: says block {seen.Height}, {OtherProviderCount(Providers(strangers))} at most {strangers.Max(vote => vote.Height)}");
    }

    /// <param name="ahead">Who is ahead of it by more than is tolerated.</param>
    /// <returns>Null when it is not: it rises, is new, or nobody whom one can believe went on.</returns>
    private string? WhyStale(Observation seen, Vote? own, List<Vote> ahead, NetworkRules rules)
    {
        var blockTime = BlockTime(rules);
        var toleranceMs = rules.ToleranceSeconds(blockTime) * 1000;
        var at = seen.At.ToUnixTimeMilliseconds();
        return own is not null && ahead.Count > 0 && IsOld(seen, rules)
            && at - own.RoseMs >= SilenceMs(blockTime)
            && ahead.Exists(vote => vote.RoseMs > own.RoseMs)
            && (OtherProviders(ahead, seen.Provider) >= Quorum - 1 || ahead.Exists(vote => vote.Reference) || ahead.Exists(vote => vote.RoseMs > own.RoseMs && IsDated(vote, toleranceMs)))
            ? $"answers, but its head has been at block {seen.Height} for {Phrase.Duration(at - own.RoseMs)} while {Phrase.Count(ahead.Count, "other altruist")} went on"
            : null;
    }

    private static string Behind(Observation seen, long blocks, List<Vote> among, List<Vote> ahead, double blockTime)
    {
        // The heads' own times tell best how long ago that was.
        var newest = among.Max(vote => vote.HeadTimeMs) - seen.HeadTime?.ToUnixTimeMilliseconds();
        return $"{Blocks(blocks, newest > 0 ? newest.Value : (long)(blocks * blockTime * 1000))} behind {OthersInWords(ahead, seen.Provider)}";
    }

    private static string Blocks(long blocks, long forMs) => $"{Phrase.Count(blocks, "block")} ({Phrase.Duration(forMs)})";

    private static long? HeadAgeMs(Observation seen) => seen.At.ToUnixTimeMilliseconds() - seen.HeadTime?.ToUnixTimeMilliseconds();

    /// <summary>Its head is not of just now, or nobody knows.</summary>
    private bool IsOld(Observation seen, NetworkRules rules) => HeadAgeMs(seen) is not { } age || age > rules.ToleranceSeconds(BlockTime(rules)) * 1000;

    private long FreshSince(long at, NetworkRules rules) => at - (long)Math.Max(ShortestFreshnessMs, rules.ToleranceSeconds(BlockTime(rules)) * 1000);

    private string? HaltReason(long at) => HaltedSinceMs is { } rose ? $"the network itself has made no block for {Phrase.Duration(at - rose)}" : null;

    /// <summary>For the table <c>network_traces</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>What cannot be read is forgotten: the next sweep lays a new trace.</summary>
    public static ReferenceTrace FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<ReferenceTrace>(json) ?? Empty;
        }
        catch (JsonException)
        {
            return Empty;
        }
    }

    private Vote? Merge(Vote? before, Observation seen, NetworkRules rules)
    {
        var at = seen.At.ToUnixTimeMilliseconds();
        var height = seen.Height;
        if (before is not null && before.AtMs > at)
            return before.Counts == seen.Votes ? null : before with { Counts = seen.Votes };

        var first = new Vote
        {
            Altruist = seen.Altruist.Value,
            Provider = seen.Provider.Value,
            Reference = seen.Reference,
            Counts = seen.Votes,
            AtMs = at,
            Height = height,
            HeadTimeMs = seen.HeadTime?.ToUnixTimeMilliseconds(),
            RoseMs = at,
            AnchorMs = at,
            AnchorHeight = height,
            NextAnchorMs = at,
            NextAnchorHeight = height,
        };
        if (before is null)
            return first;
        if (height < before.Height)
        {
            var deep = before.Height - height > rules.ToleranceBlocks(BlockTime(rules));
            return first with { FellMs = deep ? at : before.FellMs };
        }

        var same = first with
        {
            RoseMs = height > before.Height ? at : before.RoseMs,
            AnchorMs = before.AnchorMs,
            AnchorHeight = before.AnchorHeight,
            NextAnchorMs = before.NextAnchorMs,
            NextAnchorHeight = before.NextAnchorHeight,
            FellMs = before.FellMs,
        };
        if (height == before.Height)
            return same;

        // A long rest says nothing of the pace of the chain: it is taken out.
        var rested = before.AtMs - before.RoseMs;
        if (MeasuredBlockTime is { } pace && rested > SilenceMs(pace))
            same = same with { AnchorMs = same.AnchorMs + rested, NextAnchorMs = same.NextAnchorMs + rested };
        return at - same.NextAnchorMs > AnchorMs && height - same.NextAnchorHeight >= AnchorBlocks
            ? same with { AnchorMs = same.NextAnchorMs, AnchorHeight = same.NextAnchorHeight, NextAnchorMs = at, NextAnchorHeight = height }
            : same;
    }

    /// <returns>Where its vote is; where there is none, the complement of where it belongs.</returns>
    private static int PlaceOf(AltruistId altruist, List<Vote> votes)
    {
        var (low, high) = (0, votes.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(votes[middle].Altruist, altruist.Value);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    /// <summary>The median of the providers' paces; of two the slower one. Those that do not move have none.</summary>
    private double? Measure()
    {
        var all = new List<(string Provider, double Pace)>(Votes.Count);
        foreach (var vote in Votes)
            if (vote.Counts && PaceOf(vote) is { } pace)
                all.Add((vote.Provider, pace));
        var paces = OnePerProvider(all, count => count / 2);
        paces.Sort();
        return paces.Count == 0 ? null : Math.Clamp(paces[paces.Count / 2], 0.001, 86_400);
    }

    /// <summary>Seconds per block, since its older anchor; null while that is too short a time.</summary>
    private static double? PaceOf(Vote vote) =>
        vote.Height - vote.AnchorHeight >= 4 && vote.RoseMs - vote.AnchorMs >= 10_000 ? (vote.RoseMs - vote.AnchorMs) / 1000.0 / (vote.Height - vote.AnchorHeight) : null;

    /// <param name="values">Sorted in place.</param>
    /// <param name="median">Which of so many, from the least, stands for its provider.</param>
    private static List<double> OnePerProvider(List<(string Provider, double Value)> values, Func<int, int> median)
    {
        values.Sort(static (one, other) => string.CompareOrdinal(one.Provider, other.Provider) is not 0 and var order ? order : one.Value.CompareTo(other.Value));
        var medians = new List<double>();
        for (var first = 0; first < values.Count;)
        {
            var end = first + 1;
            while (end < values.Count && values[end].Provider == values[first].Provider)
                end++;
            medians.Add(values[first + median(end - first)].Value);
            first = end;
        }

        return medians;
    }

    private ReferenceTrace WithHead(long now, NetworkRules rules)
    {
        var counted = new List<Vote>(Votes.Count);
        foreach (var vote in Votes)
            if (vote.Counts)
                counted.Add(vote);
        var accepted = AreClose(counted, now, rules) ? counted : Accepted(counted, now, rules).ToList();
        if (accepted.Count == 0)
            return this;

        var head = accepted.MaxBy(vote => (vote.Height, -vote.AtMs))!;
        if (Points.Count == 0 || head.Height > Points[^1].Height)
            return WithPoint(head);

        // Heights may fall. They did when most providers were just asked and none is where the head was.
        var blockTime = BlockTime(rules);
        var fresh = accepted.Where(vote => vote.AtMs >= now - Math.Max(ShortestFreshnessMs, rules.ToleranceSeconds(blockTime) * 1000)).ToList();
        if (2 * Providers(fresh) <= Providers(counted))
            return this;
        var highest = fresh.MaxBy(vote => vote.Height)!;
        return highest.Height < Points[^1].Height - rules.ToleranceBlocks(blockTime) ? WithPoint(highest) : this;

        ReferenceTrace WithPoint(Vote vote) => this with
        {
            Points = [.. Points.Where(point => point.AtMs <= now + FutureToleranceMs).TakeLast(MaxPoints - 1), new Point(vote.AtMs, vote.Height, Base(vote))],
        };
    }

    private ReferenceTrace WithHalt(long now, NetworkRules rules)
    {
        if (Points.Count == 0)
            return this;

        var rose = Points[^1].AtMs;
        var silence = SilenceMs(BlockTime(rules));
        if (now - rose < silence)
            return HaltedSinceMs is null ? this : this with { HaltedSinceMs = null };

        var counted = Votes.Where(vote => vote.Counts).ToList();
        var asked = counted.Where(vote => vote.AtMs >= rose + silence / 2 && vote.AtMs >= now - silence).ToList();
        var halted = 2 * Providers(asked) > Providers(counted) && !MayGoOn();
        return halted == Halted ? this : this with { HaltedSinceMs = halted ? rose : null };

        // Of two the one that goes on need not be where the head is. One that only catches up has old heads, where they are dated.
        bool MayGoOn()
        {
            if (Providers(counted) >= Quorum || counted.Exists(vote => vote.Reference))
                return false;
            var toleranceMs = rules.ToleranceSeconds(BlockTime(rules)) * 1000;
            var isDated = counted.Exists(vote => vote.HeadTimeMs is not null);
            return counted.Exists(vote => vote.RoseMs > vote.AnchorMs && vote.AtMs - vote.RoseMs < silence && (!isDated || IsDated(vote, toleranceMs)));
        }
    }

    /// <summary>The usual case at a small part of its price: whatever the median of these is, nobody is above it by more than three tolerances.</summary>
    private bool AreClose(List<Vote> all, long at, NetworkRules rules)
    {
        var blockTime = BlockTime(rules);
        var lowest = double.PositiveInfinity;
        var highest = double.NegativeInfinity;
        foreach (var vote in all)
        {
            lowest = Math.Min(lowest, vote.Height + Math.Max(0, at - vote.AtMs) / 1000.0 / blockTime);
            highest = Math.Max(highest, HeightAt(vote, at, blockTime));
        }

        return highest <= lowest + 3 * rules.ToleranceBlocks(blockTime);
    }

    /// <summary>
    /// Those whose height is not above the median by more than three tolerances, and the ones that move while most are stuck: dated
    /// within tolerance of their observation and within what the chain could have produced.
    /// </summary>
    private IEnumerable<Vote> Accepted(IReadOnlyCollection<Vote> among, long at, NetworkRules rules)
    {
        if (Median(at, rules, except: null) is not { } median)
            return [];

        var blockTime = BlockTime(rules);
        var toleranceMs = rules.ToleranceSeconds(blockTime) * 1000;
        var limit = median + 3 * rules.ToleranceBlocks(blockTime);
        bool? stuck = null;
        return among.Where(vote =>
            HeightAt(vote, at, blockTime) <= limit
            || (stuck ??= MostAreOld(toleranceMs)) && IsDated(vote, toleranceMs) && vote.Height <= GrowthLimit(vote.AtMs, vote.Altruist, rules));
    }

    /// <summary>The lower median of the providers' heights, each the median of its altruists', projected to <paramref name="at"/>. References stand for all, unless they are stuck while most others move.</summary>
    private double? Median(long at, NetworkRules rules, string? except)
    {
        var blockTime = BlockTime(rules);
        var voting = Votes.Where(vote => vote.Counts && vote.Altruist != except).ToList();
        var toleranceMs = rules.ToleranceSeconds(blockTime) * 1000;
        bool? stuck = null;
        if (voting.Exists(Anchors))
            voting.RemoveAll(vote => !Anchors(vote));
        var heights = OnePerProvider(voting.ConvertAll(vote => (vote.Provider, vote.Height + Math.Max(0, at - vote.AtMs) / 1000.0 / blockTime)), count => (count - 1) / 2);
        return heights.Count == 0 ? null : LowerMedian(heights);

        bool Anchors(Vote vote) => vote.Reference && ((stuck ??= MostAreOld(toleranceMs)) || vote.HeadTimeMs is null || IsDated(vote, toleranceMs));
    }

    private double PlausibleMaximum(long at, AltruistId judged, NetworkRules rules)
    {
        var median = Median(at, rules, except: null) ?? Median(at, rules, except: judged.Value);
        return median is { } height
            ? Math.Max(height + 3 * rules.ToleranceBlocks(BlockTime(rules)), GrowthLimit(at, judged.Value, rules))
            : double.PositiveInfinity;
    }

    /// <summary>What the chain could have produced until <paramref name="at"/>, since any point it was at; without points, since the others' heads.</summary>
    private double GrowthLimit(long at, string altruist, NetworkRules rules)
    {
        var blockTime = BlockTime(rules);
        var burst = MeasuredBlockTime is null ? SeedBurst : MeasuredBurst;
        var slack = 3 * (MeasuredBlockTime is null ? Math.Max(SeedSlackBlocks, rules.ToleranceBlocks(blockTime)) : rules.ToleranceBlocks(blockTime));
        var starts = Points.Count > 0
            ? Points.Select(point => (point.Height, point.Base))
            : Votes.Where(vote => vote.Counts && vote.Altruist != altruist).Select(vote => (vote.Height, Base: Base(vote)));
        return starts.Select(start => start.Height + slack + burst * Math.Max(0, at - start.Base) / 1000.0 / blockTime).DefaultIfEmpty(double.PositiveInfinity).Max();
    }

    /// <summary>True unless more than half of the providers had, when they were asked, a head of just then.</summary>
    private bool MostAreOld(double toleranceMs)
    {
        var providers = Votes.Where(vote => vote.Counts).GroupBy(vote => vote.Provider).ToList();
        return 2 * providers.Count(provider => provider.Any(vote => IsDated(vote, toleranceMs))) <= providers.Count;
    }

    private double? Extrapolate(long at, double blockTime) =>
        Points.Count == 0 ? null : Points[^1].Height + (Halted ? 0 : Math.Max(0, at - Points[^1].AtMs) / 1000.0 / blockTime);

    /// <summary>What the altruist was really seen to have at that time: flat after its observation, at the chain's pace shortly before.</summary>
    private double HeightAt(Vote vote, long at, double blockTime) =>
        vote.AtMs <= at || Halted ? vote.Height : vote.Height - (vote.AtMs - at) / 1000.0 / blockTime;

    private static bool IsDated(Vote vote, double toleranceMs) =>
        vote.HeadTimeMs is { } dated && vote.AtMs - dated <= toleranceMs && dated - vote.AtMs <= Math.Min(toleranceMs, FutureToleranceMs);

    private static long Base(Vote vote) => Math.Min(vote.AtMs, vote.HeadTimeMs ?? vote.AtMs);

    private static long SilenceMs(double blockTime) => Math.Max(ShortestSilenceMs, (long)(20 * blockTime * 1000));

    private static int Providers(IEnumerable<Vote> votes) => votes.Select(vote => vote.Provider).Distinct().Count();

    private static int OtherProviders(IEnumerable<Vote> votes, ProviderId own) =>
        votes.Select(vote => vote.Provider).Where(provider => provider != own.Value).Distinct().Count();

    private static string OthersInWords(List<Vote> votes, ProviderId own) =>
        OtherProviders(votes, own) is > 0 and var count ? OtherProviderCount(count) : Phrase.Count(votes.Count, "altruist") + " of its own provider";

    private static string OtherProviderCount(int count) => Phrase.Count(count, "other provider");

    private static double LowerMedian(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[(sorted.Count - 1) / 2];
    }

    /// <summary>How high heads can be where fewer than three providers vote.</summary>
    private sealed class LimitsOfFew
    {
        private readonly long at;
        private readonly double pace;
        private readonly double burst;
        private readonly double slack;
        private readonly Dictionary<string, (double Dated, double Any)> byProvider = [];

        public LimitsOfFew(ReferenceTrace trace, long at, NetworkRules rules)
        {
            this.at = at;
            // By the quickest: that one is slow says nothing of what the other can have made. One that has jumped has no pace.
            var counted = trace.Votes.Where(vote => vote.Counts).ToList();
            var quickest = counted.Select(PaceOf).Where(measured => measured >= rules.SeedBlockTimeSeconds / SeedBurst).Min();
            pace = Math.Min(rules.SeedBlockTimeSeconds, quickest ?? double.PositiveInfinity);
            // One that crawls has not measured the chain.
            var isMeasured = quickest <= 2 * rules.SeedBlockTimeSeconds;
            burst = isMeasured ? MeasuredBurst : SeedBurst;
            slack = 3 * (!isMeasured ? Math.Max(SeedSlackBlocks, rules.ToleranceBlocks(pace)) : rules.ToleranceBlocks(pace));
            foreach (var vote in counted)
            {
                var (dated, any) = byProvider.GetValueOrDefault(vote.Provider, (double.NegativeInfinity, double.NegativeInfinity));
                var since = Since(vote.Height, Base(vote));
                byProvider[vote.Provider] = (vote.HeadTimeMs is null ? dated : Math.Max(dated, since), Math.Max(any, since));
            }
        }

        /// <summary>
        /// The greatest height for a head of this provider: what the chain can have come to since the dates of the others' heads. Where these have none, or its own is
        /// recent, nobody can tell which of two is right; but no chain is older than the first of all. Without other providers there is no limit.
        /// </summary>
        /// <param name="isRecent">The head was made no longer ago than chains rest.</param>
        public double Of(string provider, bool isRecent)
        {
            var (dated, any) = (double.NegativeInfinity, double.NegativeInfinity);
            foreach (var (other, limits) in byProvider)
                if (other != provider)
                    (dated, any) = (Math.Max(dated, limits.Dated), Math.Max(any, limits.Any));
            if (double.IsNegativeInfinity(any))
                return double.PositiveInfinity;
            var ever = Math.Max(any, burst * Math.Max(0, at - FirstChainMs) / 1000.0 / pace);
            return double.IsNegativeInfinity(dated) || isRecent ? ever : dated;
        }

        /// <summary>The height that the chain can have come to since it was at this one.</summary>
        public double Since(long height, long thenMs) => height + slack + burst * Math.Max(0, at - thenMs) / 1000.0 / pace;
    }
}
