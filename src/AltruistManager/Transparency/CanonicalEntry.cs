using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Transparency;

/// <summary>
/// The one form an entry is hashed in: JSON with its keys in order, without white space, with integers only, so that it can be read
/// with the tools of any language. Described field by field in <c>docs/log-format.md</c>.
/// </summary>
internal static class CanonicalEntry
{
    /// <summary>The oldest that is written as it was read.</summary>
    public const int OldestRewritten = 3;

    /// <summary>What format 1 told of an altruist.</summary>
    private const int FieldsOfFormat1 = 11;

    /// <summary>What format 2 told of an altruist.</summary>
    private const int FieldsOfFormat2 = 16;

    private static readonly JsonWriterOptions Minimal = new()
    {
        // Only what JSON demands is escaped; the log is never put into a page as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static void Write(IBufferWriter<byte> output, Entry entry)
    {
        var numbers = Numbers.Of(entry);
        var vantages = new List<string>();
        using var json = new Utf8JsonWriter(output, Minimal);
        json.WriteStartObject();
        WriteAltruists(json, entry, numbers, vantages);
        json.WriteNumber("at", entry.At.ToUnixTimeMilliseconds());
        json.WriteNumber("format", entry.Format);
        if (entry.FrozenSince is { } frozen)
            json.WriteNumber("frozenSince", frozen.ToUnixTimeMilliseconds());
        json.WriteNumber("generation", entry.Generation);
        WriteHolds(json, entry);
        json.WriteBoolean("isRound", entry.IsRound);
        json.WriteString("origin", entry.Origin);
        WriteOverrides(json, entry);
        WriteParameters(json, entry.Parameters);
        WriteRevoked(json, entry);
        json.WriteNumber("round", entry.Round);
        json.WriteNumber("rule", entry.RuleVersion);
        json.WriteNumber("scheduledAt", entry.ScheduledAt.ToUnixTimeMilliseconds());
        json.WriteString("seed", Convert.ToHexStringLower(entry.Seed));
        json.WriteStartArray("slots");
        foreach (var slot in entry.Slots)
            WriteSlot(json, entry, slot, numbers);
        json.WriteEndArray();
        json.WriteString("trigger", Name(entry.Trigger));
        WriteTexts(json, "vantages", vantages);
        json.WriteNumber("window", entry.Window);
        json.WriteEndObject();
    }

    public static Entry Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var format = root.GetProperty("format").GetInt32();
        if (format is < 1 or > Entry.NewestFormat)
            throw new InvalidDataException($"Entry format {format} is not known to this version.");
        var rule = root.GetProperty("rule").GetInt32();
        if (rule is < 1 or > Selector.RuleVersion)
            throw new InvalidDataException($"Rule version {rule} is not known to this version.");

        var at = UnixMs(root.GetProperty("at"));
        var generation = root.GetProperty("generation").GetInt64();
        var trigger = Trigger(root.GetProperty("trigger"));
        var window = root.GetProperty("window").GetInt64();
        var seed = Convert.FromHexString(root.GetProperty("seed").GetString()!);
        var altruists = ReadAltruists(root.GetProperty("altruists"), format == 1 ? [] : ReadTexts(root.GetProperty("vantages")));
        Override[] overrides = [.. root.GetProperty("overrides").EnumerateArray().Select(ReadOverride)];
        var parameters = ReadParameters(root.GetProperty("parameters"));
        var isRound = root.GetProperty("isRound").GetBoolean();
        return new Entry
        {
            Format = format,
            Origin = root.GetProperty("origin").GetString()!,
            Generation = generation,
            Trigger = trigger,
            Round = root.GetProperty("round").GetInt64(),
            IsRound = isRound,
            ScheduledAt = UnixMs(root.GetProperty("scheduledAt")),
            At = at,
            Window = window,
            Seed = seed,
            FrozenSince = root.TryGetProperty("frozenSince", out var frozen) ? UnixMs(frozen) : null,
            Parameters = parameters,
            RuleVersion = rule,
            Altruists = altruists,
            Overrides = overrides,
            Holds = root.TryGetProperty("holds", out var holds) ? [.. holds.EnumerateArray().Select(ReadHold)] : [],
            Revoked = [.. root.GetProperty("revoked").EnumerateArray().Select(ReadRevoked)],
            Slots = [.. root.GetProperty("slots").EnumerateArray().Select((slot, ordinal) => ReadSlot(
                slot, altruists, overrides, seed, new DecisionId(generation, ordinal), at, trigger, isRound, parameters, format))],
        };
    }

    internal static string Name(Trigger trigger) => trigger.ToString().ToLowerInvariant();

    /// <param name="vantages">Filled with the names that the altruists refer to.</param>
    private static void WriteAltruists(Utf8JsonWriter json, Entry entry, Numbers numbers, List<string> vantages)
    {
        var hosts = new Dictionary<int, int>(numbers.Used.Count);
        json.WriteStartArray("altruists");
        foreach (var index in numbers.Used)
        {
            var altruist = entry.Altruists[index];
            var facts = altruist.Facts;
            if (!hosts.TryGetValue(facts.Host, out var host))
                hosts.Add(facts.Host, host = hosts.Count);
            json.WriteStartArray();
            json.WriteStringValue(altruist.Id.Value);
            json.WriteStringValue(altruist.Provider.Value);
            json.WriteStringValue(altruist.Label);
            json.WriteNumberValue(facts.Tier);
            json.WriteNumberValue(host);
            json.WriteNumberValue((int)facts.Usability);
            json.WriteNumberValue((facts.Unseen ? 1 : 0) | (facts.Revoked ? 2 : 0));
            json.WriteNumberValue(facts.ThrottledSince);
            json.WriteStringValue(VerdictNames.Of(altruist.State));
            json.WriteNumberValue(altruist.Since.ToUnixTimeMilliseconds());
            json.WriteStringValue(altruist.Reason);
            json.WriteStringValue(altruist.Evidence);
            json.WriteStartArray();
            for (var i = 0; i < altruist.Vantages.Count; i++)
                json.WriteNumberValue(NumberOf(vantages, altruist.Vantages[i]));
            json.WriteEndArray();
            WriteTexts(json, altruist.Claimed);
            WriteTexts(json, altruist.Proven);
            json.WriteStringValue(altruist.Penalty);
            json.WriteNumberValue(facts.CapacityRps);
            json.WriteNumberValue(facts.LatencyMs);
            json.WriteNumberValue(facts.SuccessPerMille);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static int NumberOf(List<string> vantages, string name)
    {
        var number = vantages.IndexOf(name);
        if (number >= 0)
            return number;
        vantages.Add(name);
        return vantages.Count - 1;
    }

    /// <param name="vantages">Empty in format 1, which told less of an altruist.</param>
    private static EntryAltruist[] ReadAltruists(JsonElement array, string[] vantages)
    {
        var providers = new Dictionary<string, int>();
        var altruists = new EntryAltruist[array.GetArrayLength()];
        var next = 0;
        foreach (var item in array.EnumerateArray())
        {
            var provider = item[1].GetString()!;
            if (!providers.TryGetValue(provider, out var number))
                providers.Add(provider, number = providers.Count);
            var flags = item[6].GetInt32();
            var more = item.GetArrayLength() > FieldsOfFormat1;
            var measured = item.GetArrayLength() > FieldsOfFormat2;
            altruists[next++] = new EntryAltruist
            {
                Id = new AltruistId(item[0].GetString()!),
                Provider = new ProviderId(provider),
                Label = item[2].GetString()!,
                State = VerdictNames.Parse(item[8].GetString()!),
                Since = UnixMs(item[9]),
                Reason = item[10].GetString()!,
                Evidence = more ? item[11].GetString() : null,
                Vantages = more ? [.. item[12].EnumerateArray().Select(number => vantages[number.GetInt32()])] : [],
                Claimed = more ? ReadTexts(item[13]) : [],
                Proven = more ? ReadTexts(item[14]) : [],
                Penalty = more ? item[15].GetString() : null,
                Facts = new AltruistFacts
                {
                    Tier = item[3].GetInt32(),
                    Provider = number,
                    Host = item[4].GetInt32(),
                    Usability = (Usability)item[5].GetInt32(),
                    Unseen = (flags & 1) != 0,
                    Revoked = (flags & 2) != 0,
                    ThrottledSince = item[7].GetInt64(),
                    CapacityRps = measured ? item[16].GetInt32() : 0,
                    LatencyMs = measured ? item[17].GetInt32() : 0,
                    SuccessPerMille = measured ? item[18].GetInt32() : 0,
                },
            };
        }

        return altruists;
    }

    private static void WriteOverrides(Utf8JsonWriter json, Entry entry)
    {
        json.WriteStartArray("overrides");
        foreach (var rule in entry.Overrides)
        {
            json.WriteStartObject();
            json.WriteString("altruist", rule.Altruist?.Value);
            if (entry.Format >= Entry.TellsLeavers)
                json.WriteString("author", rule.CreatedBy);
            json.WriteString("chain", rule.Chain?.Value);
            json.WriteNumber("createdAt", rule.CreatedAt.ToUnixTimeMilliseconds());
            json.WriteNumber("expiresAt", rule.ExpiresAt.ToUnixTimeMilliseconds());
            json.WriteBoolean("force", rule.Force);
            json.WriteString("id", rule.Id);
            json.WriteString("kind", rule.Kind == OverrideKind.Pin ? "pin" : "exclude");
            json.WriteString("provider", rule.Provider?.Value);
            json.WriteString("reason", rule.Reason);
            json.WriteString("region", rule.Region?.Value);
            json.WriteBoolean("revoke", rule.Revoke);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static Override ReadOverride(JsonElement item) => new()
    {
        Id = item.GetProperty("id").GetString()!,
        Kind = item.GetProperty("kind").GetString() == "pin" ? OverrideKind.Pin : OverrideKind.Exclude,
        Chain = item.GetProperty("chain").GetString() is { } chain ? new ChainId(chain) : null,
        Region = item.GetProperty("region").GetString() is { } region ? new RegionId(region) : null,
        Altruist = item.GetProperty("altruist").GetString() is { } altruist ? new AltruistId(altruist) : null,
        Provider = item.GetProperty("provider").GetString() is { } provider ? new ProviderId(provider) : null,
        Reason = item.GetProperty("reason").GetString()!,
        ExpiresAt = UnixMs(item.GetProperty("expiresAt")),
        Force = item.GetProperty("force").GetBoolean(),
        Revoke = item.GetProperty("revoke").GetBoolean(),
        CreatedAt = UnixMs(item.GetProperty("createdAt")),
        CreatedBy = ReadAuthor(item),
    };

    /// <summary>Left out where there is none.</summary>
    private static void WriteHolds(Utf8JsonWriter json, Entry entry)
    {
        if (entry.Holds.Count == 0)
            return;
        json.WriteStartArray("holds");
        foreach (var hold in entry.Holds)
        {
            json.WriteStartObject();
            if (entry.Format >= Entry.TellsLeavers)
                json.WriteString("author", hold.CreatedBy);
            json.WriteString("chain", hold.Chain?.Value);
            json.WriteNumber("createdAt", hold.CreatedAt.ToUnixTimeMilliseconds());
            json.WriteString("id", hold.Id);
            json.WriteString("reason", hold.Reason);
            json.WriteString("region", hold.Region?.Value);
            json.WriteNumber("until", hold.Until.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static Hold ReadHold(JsonElement item) => new()
    {
        Id = item.GetProperty("id").GetString()!,
        Chain = item.GetProperty("chain").GetString() is { } chain ? new ChainId(chain) : null,
        Region = item.GetProperty("region").GetString() is { } region ? new RegionId(region) : null,
        Reason = item.GetProperty("reason").GetString()!,
        Until = UnixMs(item.GetProperty("until")),
        CreatedAt = UnixMs(item.GetProperty("createdAt")),
        CreatedBy = ReadAuthor(item),
    };

    /// <summary>Empty before format 4, which did not tell.</summary>
    private static string ReadAuthor(JsonElement item) => item.TryGetProperty("author", out var author) ? author.GetString()! : "";

    private static void WriteParameters(Utf8JsonWriter json, EntryParameters parameters)
    {
        json.WriteStartObject("parameters");
        json.WriteString("fairnessUnit", parameters.FairnessUnit);
        if (parameters.Health is { } health)
        {
            json.WriteStartObject("health");
            json.WriteNumber("cooldownInitialMs", health.CooldownInitialMs);
            json.WriteNumber("cooldownLongestMs", health.CooldownLongestMs);
            json.WriteNumber("divergedAtLeastMs", health.DivergedAtLeastMs);
            json.WriteNumber("fall", health.Fall);
            if (health.PickChangesPerHour is { } changes)
                json.WriteNumber("pickChangesPerHour", changes);
            json.WriteNumber("rise", health.Rise);
            json.WriteNumber("suspendAfterMs", health.SuspendAfterMs);
            json.WriteEndObject();
        }

        json.WriteNumber("intervalMs", parameters.IntervalMs);
        json.WriteNumber("latencyFactorPercent", parameters.LatencyFactorPercent);
        json.WriteString("policy", parameters.Policy);
        json.WriteNumber("primaries", parameters.Primaries);
        if (parameters.Probing is { } probing)
        {
            json.WriteStartObject("probing");
            json.WriteNumber("hotIntervalMs", probing.HotIntervalMs);
            json.WriteNumber("hotTimeoutMs", probing.HotTimeoutMs);
            json.WriteNumber("intervalMs", probing.IntervalMs);
            json.WriteNumber("retryIntervalMs", probing.RetryIntervalMs);
            json.WriteNumber("timeoutMs", probing.TimeoutMs);
            json.WriteEndObject();
        }

        json.WriteNumber("providerCapPercent", parameters.ProviderCapPercent);
        json.WriteNumber("standbys", parameters.Standbys);
        json.WriteNumber("windowMs", parameters.WindowMs);
        json.WriteEndObject();
    }

    private static EntryParameters ReadParameters(JsonElement item) => new(
        item.GetProperty("policy").GetString()!,
        item.GetProperty("fairnessUnit").GetString()!,
        item.GetProperty("primaries").GetInt32(),
        item.GetProperty("standbys").GetInt32(),
        item.TryGetProperty("providerCapPercent", out var cap) ? cap.GetInt32() : 100,
        item.TryGetProperty("latencyFactorPercent", out var factor) ? factor.GetInt32() : 200,
        item.GetProperty("intervalMs").GetInt64(),
        item.GetProperty("windowMs").GetInt64(),
        item.TryGetProperty("health", out var health)
            ? new EntryHealthParameters(
                health.GetProperty("fall").GetInt32(),
                health.GetProperty("rise").GetInt32(),
                health.GetProperty("cooldownInitialMs").GetInt64(),
                health.GetProperty("cooldownLongestMs").GetInt64(),
                health.GetProperty("divergedAtLeastMs").GetInt64(),
                health.GetProperty("suspendAfterMs").GetInt64(),
                health.TryGetProperty("pickChangesPerHour", out var changes) ? changes.GetInt32() : null)
            : null,
        item.TryGetProperty("probing", out var probing)
            ? new EntryProbingParameters(
                probing.GetProperty("intervalMs").GetInt64(),
                probing.GetProperty("hotIntervalMs").GetInt64(),
                probing.GetProperty("retryIntervalMs").GetInt64(),
                probing.GetProperty("timeoutMs").GetInt64(),
                probing.GetProperty("hotTimeoutMs").GetInt64())
            : null);

    private static void WriteRevoked(Utf8JsonWriter json, Entry entry)
    {
        json.WriteStartArray("revoked");
        foreach (var region in entry.Revoked)
        {
            json.WriteStartObject();
            json.WriteStartArray("altruists");
            foreach (var altruist in region.Altruists)
                json.WriteStringValue(altruist.Value);
            json.WriteEndArray();
            json.WriteNumber("generation", region.Generation);
            json.WriteString("region", region.Region.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static RevokedInRegion ReadRevoked(JsonElement item) => new(
        new RegionId(item.GetProperty("region").GetString()!),
        item.GetProperty("generation").GetInt64(),
        [.. item.GetProperty("altruists").EnumerateArray().Select(id => new AltruistId(id.GetString()!))]);

    private static void WriteSlot(Utf8JsonWriter json, Entry entry, EntrySlot slot, Numbers numbers)
    {
        var question = slot.Question;
        var outcome = slot.Outcome;
        json.WriteStartObject();
        json.WriteStartArray("candidates");
        foreach (ref readonly var candidate in question.Candidates.AsSpan())
            json.WriteNumberValue(numbers[candidate.Altruist]);
        json.WriteEndArray();
        json.WriteString("chain", question.Key.Chain.Value);
        WritePlaces(json, "contenders", question.Candidates, static candidate => candidate.Contender);
        if (slot.Decision.Generation != entry.Generation)
        {
            json.WriteStartArray("decision");
            json.WriteNumberValue(slot.Decision.Generation);
            json.WriteNumberValue(slot.Decision.Ordinal);
            json.WriteEndArray();
        }

        json.WriteNumber("eligible", outcome.Eligible);
        WriteExclusions(json, question.Candidates);
        json.WriteStartArray("fallbacks");
        for (var i = 0; i < question.Fallbacks.Count; i++)
            json.WriteStringValue(question.Fallbacks[i].Value);
        json.WriteEndArray();
        if (question.Hold >= 0)
            json.WriteNumber("hold", question.Hold);
        if (Array.Exists(question.Candidates, candidate => candidate.Lacking))
            WritePlaces(json, "lacking", question.Candidates, static candidate => candidate.Lacking, evenAll: true);
        if (!slot.Leavers.IsEmpty && entry.Format >= Entry.TellsLeavers)
            WriteLeavers(json, slot.Leavers, entry.Rules.CountsProviders);
        WriteNumbers(json, "offers", question.Candidates, static candidate => candidate.Offer);
        if (outcome.Override >= 0)
            json.WriteNumber("override", outcome.Override);
        json.WriteStartArray("picks");
        foreach (var pick in outcome.Picks)
        {
            json.WriteNumberValue(numbers[pick.Altruist]);
            json.WriteStringValue(pick.Region.Value);
        }

        json.WriteEndArray();
        if (question.Pins.Count > 0)
        {
            json.WriteStartArray("pins");
            foreach (var pin in question.Pins)
                json.WriteNumberValue(pin.Override);
            json.WriteEndArray();
        }

        if (question.Policy.Name != entry.Parameters.Policy)
            json.WriteString("policy", question.Policy.Name);
        if (question.Primaries != entry.Parameters.Primaries)
            json.WriteNumber("primaries", question.Primaries);
        if (entry.Rules.CountsProviders)
        {
            json.WriteStartArray("providers");
            foreach (var provider in question.Providers)
            {
                json.WriteNumberValue(provider.Turns);
                json.WriteNumberValue(provider.Contender ? 1 : 0);
                json.WriteNumberValue(provider.Given);
                json.WriteNumberValue(provider.Shares);
            }

            json.WriteEndArray();
        }

        json.WriteString("region", question.Key.Region.Value);
        if (question.Requires.Count > 0)
            WriteTexts(json, "requires", question.Requires);
        if (question.Rotate != entry.IsRound)
            json.WriteBoolean("rotate", question.Rotate);
        if (slot.SelectedAt != entry.At)
            json.WriteNumber("selectedAt", slot.SelectedAt.ToUnixTimeMilliseconds());
        json.WriteString("state", StateName(outcome.State));
        if (slot.Trigger != entry.Trigger)
            json.WriteString("trigger", Name(slot.Trigger));
        WriteNumbers(json, "turn", outcome.Turns);
        WriteNumbers(json, "turns", question.Candidates, static candidate => candidate.Turns);
        json.WriteStartArray("was");
        foreach (var was in question.Was)
        {
            json.WriteNumberValue(numbers[was.Altruist]);
            json.WriteStringValue(was.Region.Value);
            json.WriteNumberValue(was.MayKeep ? 1 : 0);
        }

        json.WriteEndArray();
        json.WriteString("wasState", StateName(question.WasState));
        WriteWeights<IncumbentPick>(json, "wasWeights", question.Was, static was => was.Weight);
        WriteWeights<PickRef>(json, "weights", CollectionsMarshal.AsSpan(outcome.Picks), static pick => pick.Weight);
        json.WriteEndObject();
    }

    /// <summary>Only those whose turns are to be remembered.</summary>
    private static void WriteLeavers(Utf8JsonWriter json, Leavers leavers, bool countsProviders)
    {
        var told = leavers.AfterDecision(countsProviders);
        if (told.Altruists.Length > 0)
        {
            json.WriteStartArray("left");
            foreach (var left in told.Altruists)
            {
                json.WriteStringValue(left.Altruist.Value);
                json.WriteNumberValue(left.Turns);
            }

            json.WriteEndArray();
        }

        if (told.Providers.Length > 0)
        {
            json.WriteStartArray("leftProviders");
            foreach (var left in told.Providers)
            {
                json.WriteStringValue(left.Provider.Value);
                json.WriteNumberValue(left.Turns);
                json.WriteNumberValue(left.Given);
            }

            json.WriteEndArray();
        }
    }

    private static Leavers ReadLeavers(JsonElement item)
    {
        AltruistLeft[] altruists = item.TryGetProperty("left", out var left)
            ? [.. Enumerable.Range(0, left.GetArrayLength() / 2).Select(i => new AltruistLeft(new(left[2 * i].GetString()!), left[2 * i + 1].GetInt32(), Contender: false))]
            : [];
        ProviderLeft[] providers = item.TryGetProperty("leftProviders", out var gone)
            ? [.. Enumerable.Range(0, gone.GetArrayLength() / 3).Select(i => new ProviderLeft(new(gone[3 * i].GetString()!), gone[3 * i + 1].GetInt32(), gone[3 * i + 2].GetInt32(), Contender: false))]
            : [];
        return altruists.Length == 0 && providers.Length == 0 ? Leavers.None : new Leavers(altruists, providers);
    }

    /// <summary>Of the primaries; left out where there is but one.</summary>
    private static void WriteWeights<T>(Utf8JsonWriter json, string name, ReadOnlySpan<T> picks, Func<T, int> weight)
    {
        var primaries = 0;
        while (primaries < picks.Length && weight(picks[primaries]) > 0)
            primaries++;
        if (primaries < 2)
            return;
        json.WriteStartArray(name);
        foreach (var primary in picks[..primaries])
            json.WriteNumberValue(weight(primary));
        json.WriteEndArray();
    }

    /// <summary>Left out where there is none.</summary>
    private static void WriteNumbers(Utf8JsonWriter json, string name, List<int> numbers)
    {
        if (numbers.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    /// <summary>Left out where every value is 0.</summary>
    private static void WriteNumbers(Utf8JsonWriter json, string name, Candidate[] candidates, Func<Candidate, int> value)
    {
        var any = false;
        foreach (var candidate in candidates)
            any |= value(candidate) != 0;
        if (!any)
            return;
        json.WriteStartArray(name);
        foreach (var candidate in candidates)
            json.WriteNumberValue(value(candidate));
        json.WriteEndArray();
    }

    /// <summary>Places of those that have it; left out where all have it.</summary>
    private static void WritePlaces(Utf8JsonWriter json, string name, Candidate[] candidates, Predicate<Candidate> has, bool evenAll = false)
    {
        if (!evenAll && Array.TrueForAll(candidates, has))
            return;
        json.WriteStartArray(name);
        for (var i = 0; i < candidates.Length; i++)
        {
            if (has(candidates[i]))
                json.WriteNumberValue(i);
        }

        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WritePropertyName(name);
        WriteTexts(json, texts);
    }

    private static void WriteTexts(Utf8JsonWriter json, IReadOnlyList<string> texts)
    {
        json.WriteStartArray();
        // By their places: an enumerator each, of a hundred thousand altruists, is megabytes.
        for (var i = 0; i < texts.Count; i++)
            json.WriteStringValue(texts[i]);
        json.WriteEndArray();
    }

    private static string[] ReadTexts(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString()!)];

    private static void WriteExclusions(Utf8JsonWriter json, Candidate[] candidates)
    {
        var any = false;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].ExcludedBy < 0)
                continue;
            if (!any)
                json.WriteStartArray("excluded");
            any = true;
            json.WriteNumberValue(i);
            json.WriteNumberValue(candidates[i].ExcludedBy);
        }

        if (any)
            json.WriteEndArray();
    }

    private static EntrySlot ReadSlot(
        JsonElement item, EntryAltruist[] altruists, Override[] overrides, byte[] seed, DecisionId id, DateTimeOffset at, Trigger trigger, bool isRound, EntryParameters parameters,
        int format)
    {
        var key = new SlotKey(new ChainId(item.GetProperty("chain").GetString()!), new RegionId(item.GetProperty("region").GetString()!));
        RegionId[] fallbacks = [.. item.GetProperty("fallbacks").EnumerateArray().Select(region => new RegionId(region.GetString()!))];
        var candidates = ReadCandidates(item, key, altruists, seed, format, out var providers);
        var was = item.GetProperty("was");
        var wasWeights = ReadWeights(item, "wasWeights");
        var question = new SlotQuestion
        {
            Key = key,
            Candidates = candidates,
            Policy = FindPolicy(item.TryGetProperty("policy", out var policy) ? policy.GetString()! : parameters.Policy),
            Primaries = item.TryGetProperty("primaries", out var primaries) ? primaries.GetInt32() : parameters.Primaries,
            Providers = ReadProviders(item, key, providers, seed, format),
            Requires = item.TryGetProperty("requires", out var requires) ? ReadTexts(requires) : [],
            Fallbacks = fallbacks,
            Pins = item.TryGetProperty("pins", out var pins) ? [.. pins.EnumerateArray().Select(pin => ReadPin(pin.GetInt32(), altruists, overrides))] : [],
            WasState = ParseState(item.GetProperty("wasState").GetString()!),
            Was = [.. Enumerable.Range(0, was.GetArrayLength() / 3).Select(i => new IncumbentPick(was[3 * i].GetInt32(), new RegionId(was[3 * i + 1].GetString()!), i < wasWeights.Length ? wasWeights[i] : 0, was[3 * i + 2].GetInt32() == 1))],
            Rotate = item.TryGetProperty("rotate", out var rotate) ? rotate.GetBoolean() : isRound,
            Hold = item.TryGetProperty("hold", out var hold) ? hold.GetInt32() : -1,
        };

        var outcome = new SlotOutcome
        {
            State = ParseState(item.GetProperty("state").GetString()!),
            Eligible = item.GetProperty("eligible").GetInt32(),
            Override = item.TryGetProperty("override", out var rule) ? rule.GetInt32() : -1,
        };
        if (item.TryGetProperty("turn", out var turn))
            outcome.Turns.AddRange(turn.ValueKind == JsonValueKind.Number ? [turn.GetInt32()] : turn.EnumerateArray().Select(place => place.GetInt32()));
        var picks = item.GetProperty("picks");
        var weights = ReadWeights(item, "weights");
        for (var i = 0; i < picks.GetArrayLength(); i += 2)
        {
            var altruist = picks[i].GetInt32();
            outcome.Picks.Add(new PickRef(
                Array.FindIndex(candidates, candidate => candidate.Altruist == altruist), altruist, new RegionId(picks[i + 1].GetString()!), i / 2 < weights.Length ? weights[i / 2] : 0));
        }

        return new EntrySlot
        {
            Question = question,
            Leavers = ReadLeavers(item),
            Outcome = outcome,
            Trigger = item.TryGetProperty("trigger", out var own) ? Trigger(own) : trigger,
            Decision = item.TryGetProperty("decision", out var decision) ? new DecisionId(decision[0].GetInt64(), decision[1].GetInt32()) : id,
            SelectedAt = item.TryGetProperty("selectedAt", out var selected) ? UnixMs(selected) : at,
        };
    }

    /// <summary>Of the primaries.</summary>
    private static int[] ReadWeights(JsonElement item, string name) =>
        item.TryGetProperty(name, out var weights) ? [.. weights.EnumerateArray().Select(weight => weight.GetInt32())] : [SlotQuestion.WholeTurn];

    private static ISelectionPolicy FindPolicy(string name) =>
        SelectionPolicies.Find(name) ?? throw new InvalidDataException($"The policy {name} is not known to this version.");

    private static Pin ReadPin(int number, EntryAltruist[] altruists, Override[] overrides) =>
        new(Array.FindIndex(altruists, altruist => altruist.Id == overrides[number].Altruist), number, overrides[number].Force);

    private static Candidate[] ReadCandidates(JsonElement item, SlotKey key, EntryAltruist[] altruists, byte[] seed, int format, out List<ProviderId> providers)
    {
        var indexes = item.GetProperty("candidates");
        var offers = item.TryGetProperty("offers", out var given) ? given : default;
        var turns = item.TryGetProperty("turns", out given) ? given : default;
        providers = [];
        var candidates = new Candidate[indexes.GetArrayLength()];
        for (var i = 0; i < candidates.Length; i++)
        {
            var altruist = indexes[i].GetInt32();
            var provider = altruists[altruist].Provider;
            var place = providers.IndexOf(provider);
            if (place < 0)
            {
                place = providers.Count;
                providers.Add(provider);
            }

            candidates[i] = new Candidate
            {
                Altruist = altruist,
                Draw = DrawOrder.Draw(seed, key, altruists[altruist].Id),
                Provider = (short)place,
                Offer = offers.ValueKind == JsonValueKind.Array ? offers[i].GetByte() : (byte)0,
                Turns = turns.ValueKind == JsonValueKind.Array ? turns[i].GetInt32() * TurnsOf(format) : 0,
                ExcludedBy = -1,
                Contender = true,
            };
        }

        if (item.TryGetProperty("contenders", out var contenders))
        {
            for (var i = 0; i < candidates.Length; i++)
                candidates[i].Contender = false;
            foreach (var place in contenders.EnumerateArray())
                candidates[place.GetInt32()].Contender = true;
        }

        if (item.TryGetProperty("lacking", out var lacking))
        {
            foreach (var place in lacking.EnumerateArray())
                candidates[place.GetInt32()].Lacking = true;
        }

        if (item.TryGetProperty("excluded", out var excluded))
        {
            for (var i = 0; i < excluded.GetArrayLength(); i += 2)
                candidates[excluded[i].GetInt32()].ExcludedBy = excluded[i + 1].GetInt16();
        }

        return candidates;
    }

    /// <summary>Before format 3 turns were whole.</summary>
    private static int TurnsOf(int format) => format < 3 ? SlotQuestion.WholeTurn : 1;

    private static ProviderTurns[] ReadProviders(JsonElement item, SlotKey key, List<ProviderId> providers, byte[] seed, int format)
    {
        var result = new ProviderTurns[providers.Count];
        if (!item.TryGetProperty("providers", out var given))
            return result;

        var fields = format < 3 ? 2 : 4;
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = new ProviderTurns
            {
                Turns = given[fields * i].GetInt32() * TurnsOf(format),
                Contender = given[fields * i + 1].GetInt32() == 1,
                Given = format < 3 ? 0 : given[fields * i + 2].GetInt32(),
                Shares = format < 3 ? 1 : given[fields * i + 3].GetInt32(),
                Draw = DrawOrder.Draw(seed, key, providers[i]),
            };
        }

        return result;
    }

    private static DateTimeOffset UnixMs(JsonElement item) => DateTimeOffset.FromUnixTimeMilliseconds(item.GetInt64());

    private static Trigger Trigger(JsonElement item) => Enum.Parse<Trigger>(item.GetString()!, ignoreCase: true);

    private static string StateName(SlotState state) => state switch
    {
        SlotState.Fresh => "fresh",
        SlotState.Fallback => "fallback",
        SlotState.Override => "override",
        SlotState.Degraded => "degraded",
        _ => "none",
    };

    private static SlotState ParseState(string name) => Enum.Parse<SlotState>(name, ignoreCase: true);

    /// <summary>An entry lists only the altruists its slots refer to, numbered in the order of their ids.</summary>
    private sealed class Numbers
    {
        private readonly int[] numbers;

        private Numbers(int count) => numbers = new int[count];

        public List<int> Used { get; } = [];

        public int this[int altruist] => numbers[altruist];

        public static Numbers Of(Entry entry)
        {
            var result = new Numbers(entry.Altruists.Length);
            foreach (var slot in entry.Slots)
            {
                foreach (ref readonly var candidate in slot.Question.Candidates.AsSpan())
                    result.numbers[candidate.Altruist] = 1;
                foreach (var was in slot.Question.Was)
                    result.numbers[was.Altruist] = 1;
            }

            for (var i = 0; i < result.numbers.Length; i++)
            {
                if (result.numbers[i] == 0)
                    continue;
                result.numbers[i] = result.Used.Count;
                result.Used.Add(i);
            }

            return result;
        }
    }
}
