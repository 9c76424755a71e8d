using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>What somebody says of a chain; null takes the catalogue's value, else the default.</summary>
public sealed record ChainDraft
{
    public string? Name { get; init; }
    public string? Protocol { get; init; }
    public string? Identity { get; init; }
    public IReadOnlyList<string>? Requires { get; init; }
    public double? BlockTimeSeconds { get; init; }
    public int? LagToleranceBlocks { get; init; }
    public double? MaxHeadAgeSeconds { get; init; }
    public int? IntegrityOffsetBlocks { get; init; }
    public IReadOnlyList<string>? Aliases { get; init; }
    public string? Path { get; init; }

    /// <summary>JSON.</summary>
    public string? Probe { get; init; }
    public string? Policy { get; init; }
    public int? Primaries { get; init; }
    public int? RequestTimeoutMs { get; init; }
    public int? MinEligible { get; init; }
    public int? MaxAltruists { get; init; }
    public bool? Enabled { get; init; }
    public string? Successor { get; init; }

    /// <summary>As whoever changes it saw it: what somebody else changed since is not written over. Null writes whatever is there.</summary>
    public Chain? Seen { get; init; }
}

/// <summary>Registers chains, with what the catalogue knows of them.</summary>
public sealed class ChainRegistry(RegistryWriter writer, ChainCatalog catalog, ProtocolCatalog protocols, IRegistrationRules rules, TimeProvider time)
{
    /// <summary>Only the seed of the measured block time: slow enough that a fast chain's nodes are not called stale before it is measured.</summary>
    private const double DefaultBlockTimeSeconds = 12;

    private const int DefaultLagToleranceBlocks = 3;
    private const int DefaultRequestTimeoutMs = 10_000;

    /// <summary>Makes, replaces or revives a chain.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Chain>> PutAsync(Actor actor, ChainId id, ChainDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        writer.ChangeAsync(
            new Deed<Chain>(actor, Told.Chain, null, id.Value) { Seen = draft.Seen }, roster => Refusal.UnlessStaff(actor, "set chains") ?? Decide(roster, id, draft, errors.Copy()),
            ChainStore.PutAsync, cancellation);

    /// <summary>Makes a chain that is not there, or revives a retired one.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Chain>> AddAsync(Actor actor, ChainId id, ChainDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        writer.ChangeAsync(
            new Deed<Chain>(actor, Told.Chain, null, id.Value),
            roster => Refusal.UnlessStaff(actor, "set chains")
                ?? (roster.Chains.GetValueOrDefault(id) is { RetiredAt: null } ? new Refusal(RefusalKind.Taken, "chain-exists", $"There is a chain {id} already.") : Decide(roster, id, draft, errors.Copy())),
            ChainStore.PutAsync,
            cancellation);

    /// <summary>Retires a chain that no living altruist serves. Its aliases still lead to it, until another chain takes them.</summary>
    /// <param name="name">Its id or an alias.</param>
    public Task<Registered<Chain>> RetireAsync(Actor actor, string name, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        return writer.ChangeAsync(
            new Deed<Chain>(actor, Told.Chain, "retire", name), roster => Refusal.UnlessStaff(actor, "retire chains") ?? DecideRetirement(roster, name, now), ChainStore.PutAsync, cancellation);
    }

    internal static Registered<Chain> DecideRetirement(Roster roster, string name, DateTimeOffset now)
    {
        var chain = roster.FindChain(name);
        if (chain is null)
            return new Refusal(RefusalKind.Unknown, "unknown-chain", $"There is no chain '{name}'.");
        if (chain.RetiredAt is not null)
            return new Refusal(RefusalKind.Retired, "retired", $"The chain {chain.Id} is retired.", Successor: chain.Successor);

        var serving = ServedBy(roster, chain).Count();
        return serving > 0
            ? new Refusal(RefusalKind.Taken, "chain-in-use", $"{serving} living altruists serve the chain {chain.Id}: retire them or take the chain from them first.")
            : Registered<Chain>.Done(chain with { RetiredAt = now }, created: false);
    }

    internal Registered<Chain> Decide(Roster roster, ChainId id, ChainDraft draft, FieldErrors errors)
    {
        var known = catalog.Find(id);
        var before = roster.Chains.GetValueOrDefault(id);

        if (Naming.ChainError(id.Value) is { } wrong)
            errors.Add("id", wrong);
        errors.Text("name", draft.Name);
        errors.Between("blockTimeSeconds", draft.BlockTimeSeconds, 0.001, 86_400);
        errors.Between("lagToleranceBlocks", draft.LagToleranceBlocks, 1, 1_000_000);
        errors.Between("maxHeadAgeSeconds", draft.MaxHeadAgeSeconds, 1, 86_400 * 365);
        errors.Between("integrityOffsetBlocks", draft.IntegrityOffsetBlocks, 1, 1_000_000);
        errors.Between("primaries", draft.Primaries, 1, 8);
        errors.Between("requestTimeoutMs", draft.RequestTimeoutMs, 100, 600_000);
        errors.Between("minEligible", draft.MinEligible, 0, 100_000);
        errors.Between("maxAltruists", draft.MaxAltruists, 0, 100_000);
        CheckPath(draft.Path ?? "", errors);
        if (draft.Policy is { } policy && !rules.Policies.Contains(policy))
            errors.Add("policy", $"must be one of {string.Join(", ", rules.Policies)}");

        var protocol = draft.Protocol ?? known?.Protocol;
        if (protocol is null)
            errors.Add("protocol", "is required: the catalogue does not know this chain");
        else if (protocols.Find(protocol) is null && !catalog.Protocols.Contains(protocol))
            errors.Add("protocol", $"must be one of {string.Join(", ", catalog.Protocols.Concat(protocols.All.Select(known => known.Name)).Distinct().Order(StringComparer.Ordinal))}");

        // The catalogue's identity is one of its own protocol.
        var identity = draft.Identity ?? (protocol == known?.Protocol ? known?.Identity : null);
        var probe = CheckProbe(protocol, draft.Probe, errors);
        if (identity is null)
            errors.Add("identity", "is required: the catalogue does not know it");
        else
            identity = CheckIdentity(protocol, probe, identity, errors);
        if (probe is not null && identity is not null && OtherProbe(roster, id, new NetworkId(protocol!, identity), probe) is { } different)
            errors.Add("probe", $"must be that of the chain {different.Id}, which is of the same network: its nodes are asked in one way");

        var requires = draft.Requires ?? known?.Requires ?? [];
        foreach (var capability in requires)
            if (Naming.CapabilityError(capability) is { } error)
                errors.Add("requires", error);

        ChainId? successor = null;
        if (draft.Successor is { } name)
        {
            successor = roster.FindChain(name)?.Id;
            if (successor is null)
                errors.Add("successor", $"'{name}' is not a chain");
            else if (successor == id)
                errors.Add("successor", "must not be the chain itself");
        }

        foreach (var alias in draft.Aliases ?? [])
        {
            if (Naming.ChainError(alias) is { } error)
                errors.Add("aliases", $"'{alias}' {error}");
            else if (alias == id.Value)
                errors.Add("aliases", "must not hold the chain's own id");
        }

        if (errors.Any)
            return Refusal.Invalid(errors);

        if (roster.FindChain(id.Value) is { RetiredAt: null } holder && holder.Id != id)
            return new Refusal(RefusalKind.Taken, "alias-taken", $"'{id}' is an alias of the chain {holder.Id}.");
        foreach (var alias in draft.Aliases ?? [])
            if (HolderOf(roster, alias, id) is { } other)
                return new Refusal(RefusalKind.Taken, "alias-taken", $"The alias '{alias}' already names the chain {other.Id}.");

        var network = new NetworkId(protocol!, identity!);
        if (before is not null && before.Path != (draft.Path ?? "") && ServedBy(roster, before).FirstOrDefault(altruist => altruist.Chains.Count > 1) is { } shared)
        {
            return new Refusal(
                RefusalKind.Taken, "chain-in-use", $"The altruist {shared.Id} serves {string.Join(", ", shared.Chains)} by one URL: the path of the chain {id} cannot change alone.");
        }

        if (before is not null && before.Network != network && ServedBy(roster, before).Any())
            return new Refusal(RefusalKind.Taken, "chain-in-use", $"Living altruists serve the chain {id} on {before.Network}: it cannot move to {network}.");

        var aliases = draft.Aliases ?? [.. (known?.Aliases ?? []).Where(alias => HolderOf(roster, alias, id) is null)];
        return Registered<Chain>.Done(
            new Chain
            {
                Id = id,
                Name = draft.Name ?? known?.Name ?? id.Value,
                Network = network,
                Requires = [.. requires.Distinct().Order(StringComparer.Ordinal)],
                BlockTimeSeconds = draft.BlockTimeSeconds ?? known?.BlockTimeSeconds ?? DefaultBlockTimeSeconds,
                LagToleranceBlocks = draft.LagToleranceBlocks ?? known?.LagToleranceBlocks ?? DefaultLagToleranceBlocks,
                MaxHeadAgeSeconds = draft.MaxHeadAgeSeconds,
                IntegrityOffsetBlocks = draft.IntegrityOffsetBlocks,
                Aliases = [.. aliases.Distinct().Order(StringComparer.Ordinal)],
                Path = draft.Path ?? "",
                Probe = probe,
                Policy = draft.Policy,
                Primaries = draft.Primaries,
                RequestTimeoutMs = draft.RequestTimeoutMs ?? DefaultRequestTimeoutMs,
                MinEligible = draft.MinEligible,
                MaxAltruists = draft.MaxAltruists,
                Enabled = draft.Enabled ?? true,
                Successor = successor,
            },
            created: before is null);
    }

    private static IEnumerable<Altruist> ServedBy(Roster roster, Chain chain) =>
        roster.LiveByNetwork.GetValueOrDefault(chain.Network, []).Where(altruist => altruist.Chains.Contains(chain.Id));

    /// <summary>The other chain, retired ones too, that has this name.</summary>
    /// <summary>Who has the name already: a living chain by id or alias, a retired one by its id.</summary>
    private static Chain? HolderOf(Roster roster, string name, ChainId id) =>
        roster.FindChain(name) is { } holder && holder.Id != id && (holder.RetiredAt is null || holder.Id.Value == name) ? holder : null;

    /// <summary>A living chain of the same network that declares another probe.</summary>
    private static Chain? OtherProbe(Roster roster, ChainId id, NetworkId network, string probe) =>
        roster.Chains.Values.FirstOrDefault(chain => chain.Id != id && chain.RetiredAt is null && chain.Network == network && chain.Probe is { } other && other != probe);

    /// <returns>The identity in the form that nodes prove.</returns>
    private string CheckIdentity(string? protocol, string? probe, string identity, FieldErrors errors)
    {
        var asks = probe is not null && JsonProtocol.Read(probe) is { } declared ? declared : protocol is not null ? protocols.Find(protocol) : null;
        var read = asks is not null ? asks.ReadIdentity(identity) : Names.Read(identity, "must be what the nodes prove, such as a genesis hash or network name");
        if (read.Wrong is { } wrong)
            errors.Add("identity", wrong);
        return read.Value ?? identity;
    }

    /// <returns>The declared probe without its blanks; null for protocols that are known.</returns>
    private static string? CheckProbe(string? protocol, string? probe, FieldErrors errors)
    {
        if (protocol != JsonProtocol.Family)
        {
            if (probe is not null)
                errors.Add("probe", $"is only for the protocol {JsonProtocol.Family}: how {protocol ?? "others"} is asked is known");
            return null;
        }

        if (probe is null)
        {
            if (!errors.Has("probe"))
                errors.Add("probe", $"is required for the protocol {JsonProtocol.Family}: what to ask, and where in the answers height and identity stand");
            return null;
        }

        if (probe.Length > ProbeDeclaration.MostBytes)
        {
            errors.Add("probe", $"must not be longer than {ProbeDeclaration.MostBytes} characters");
            return null;
        }

        using var json = JsonDocument.Parse(probe);
        ProbeDeclaration.Read(json.RootElement, (field, wrong) => errors.Add(field.Length == 0 ? "probe" : $"probe.{field}", wrong));
        return JsonSerializer.Serialize(json.RootElement);
    }

    private static void CheckPath(string path, FieldErrors errors)
    {
        if (path.Length == 0)
            return;
        if (path.Length > 200 || path[0] != '/' || path.Any(character => character is '?' or '#' or '\\' || !char.IsAscii(character) || char.IsControl(character) || character == ' ')
            || path.Split('/').Any(segment => segment is "." or ".."))
        {
            errors.Add("path", "must be empty or start with / and be a plain URL path (200 characters at most)");
        }
    }
}
