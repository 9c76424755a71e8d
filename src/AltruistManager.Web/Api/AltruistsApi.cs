using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/altruists</c> (contract 3.2).</summary>
internal static class AltruistsApi
{
    private const string Disabled = "disabled";
    private const string Draining = "draining";

    public static void MapAltruists(this IEndpointRouteBuilder api)
    {
        var altruists = api.MapGroup("/altruists").WithTags("Altruists");
        altruists.MapGet("", ListAsync).AllowPublic()
            .WithName("listAltruists").WithSummary("Altruists, newest first; URLs for owner, staff and portals only").Produces<Page<AltruistAnswer>>().ProducesProblems(400, 404, 410);
        altruists.MapGet("/{id}", FindAsync).AllowPublic()
            .WithName("getAltruist").WithSummary("One altruist and how it is").Produces<AltruistAnswer>().ProducesProblems(404, 410);
        altruists.MapGet("/{id}/changes", ListChangesAsync).AllowPublic()
            .WithName("listAltruistChanges").WithSummary("Changes of its verdict with their reasons, newest first").Produces<Page<ChangeAnswer>>().ProducesProblems(400, 404);
        altruists.MapPost("", AddAsync).RequireAuthorization(Policies.Provider)
            .WithName("addAltruist").WithSummary("Registers an altruist")
            .Accepts<AltruistBody>("application/json").Produces<AltruistAnswer>(StatusCodes.Status201Created).ProducesProblems(400, 409);
        altruists.MapPatch("/{id}", ChangeAsync).RequireAuthorization(Policies.Provider)
            .WithName("changeAltruist").WithSummary("Changes what is said and leaves the rest")
            .Accepts<AltruistBody>("application/json").Produces<AltruistAnswer>().ProducesProblems(400, 404, 409, 410);
        altruists.MapPut("/{id}/credentials", RotateAsync).RequireAuthorization(Policies.Provider)
            .WithName("rotateCredentials").WithSummary("New credentials: tested beside the old ones, then published; 202 while that is not decided")
            .Accepts<CredentialsBody>("application/json").Produces<RotationAnswer>().Produces<RotationAnswer>(StatusCodes.Status202Accepted).ProducesProblems(400, 404, 409, 410, 429);
        altruists.MapDelete("/{id}", RetireAsync).RequireAuthorization(Policies.Provider)
            .WithName("retireAltruist").WithSummary("Retires an altruist; its history stays").Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 410);
    }

    private static async Task<IResult> ListAsync(
        string? chain, string? region, string? provider, string? state, Paging paging, Caller caller, RosterCache roster, Answers answers, CancellationToken cancellation)
    {
        var now = roster.Current;
        if ((paging.Problem ?? WrongFilter(now, chain, region, provider, state)) is { } problem)
            return problem;

        var chainId = chain is null ? (ChainId?)null : now.FindChain(chain)!.Id;
        var rows = now.Live
            .Reverse()
            .SkipWhile(altruist => paging.Before is { } before && string.CompareOrdinal(altruist.Id.Value, before) >= 0)
            .Where(altruist => chainId is not { } served || altruist.Chains.Contains(served))
            .Where(altruist => region is null || altruist.Regions.Contains(new RegionId(region)) || altruist.Regions.Contains(RegionId.Everywhere))
            .Where(altruist => provider is null || altruist.Provider.Value == provider)
            .Where(altruist => state is null || answers.StateOf(altruist) == state)
            .Take(paging.Fetch)
            .ToList();
        var shown = await answers.ShowAsync(rows, caller, cancellation);
        return TypedResults.Ok(paging.Of(shown, answer => answer, answer => answer.Id));
    }

    private static Problem? WrongFilter(Roster roster, string? chain, string? region, string? provider, string? state)
    {
        if (chain is not null && ChainsApi.ProblemOf(roster.FindChain(chain), chain) is { } problem)
            return problem;
        if (region is not null && region != RegionId.Everywhere.Value && !roster.Regions.ContainsKey(new RegionId(region)))
            return Problems.Unknown("region", region);
        if (provider is not null && !roster.Providers.ContainsKey(new ProviderId(provider)))
            return Problems.Unknown("provider", provider);
        string[] states = [Disabled, Draining, .. Enum.GetValues<VerdictState>().Select(VerdictNames.Of)];
        return state is null || states.Contains(state) ? null : Problems.BadField("state", $"must be one of {string.Join(", ", states)}");
    }

    private static async Task<IResult> FindAsync(string id, Caller caller, RosterCache roster, Answers answers, CancellationToken cancellation)
    {
        if (roster.Current.Altruists.GetValueOrDefault(new AltruistId(id)) is not { } altruist)
            return Problems.Unknown("altruist", id);
        return altruist.RetiredAt is null ? TypedResults.Ok(await answers.ShowAsync(altruist, caller, cancellation)) : Problems.Retired("altruist", id, null);
    }

    private static async Task<IResult> ListChangesAsync(string id, Paging paging, RosterCache roster, HealthStore store, CancellationToken cancellation)
    {
        if (paging.Problem is { } problem)
            return problem;
        if (!roster.Current.Altruists.ContainsKey(new AltruistId(id)))
            return Problems.Unknown("altruist", id);
        long? before = null;
        if (paging.Before is { } text)
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return Problems.BadField("before", "must be the 'next' of an earlier answer");
            before = number;
        }

        var rows = await store.ChangesAsync(new AltruistId(id), before, paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, ChangeAnswer.Of, change => change.Id.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> AddAsync(
        BodyReader body, Caller caller, AltruistRegistry registry, Answers answers, AfterWrite after, CancellationToken cancellation)
    {
        var draft = Read(body);
        body.Ignore("attested");
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var outcome = await registry.AddAsync(caller.Actor, draft, errors, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        var answer = (await answers.ShowAsync([outcome.Value!], caller, CancellationToken.None))[0];
        return TypedResults.Created($"/api/v1/altruists/{answer.Id}", answer);
    }

    private static async Task<IResult> ChangeAsync(
        string id, BodyReader body, Caller caller, AltruistRegistry registry, Answers answers, AfterWrite after, CancellationToken cancellation)
    {
        var draft = Read(body) with { Attested = body.Bool("attested") };
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var outcome = await registry.ChangeAsync(caller.Actor, new AltruistId(id), draft, errors, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        return TypedResults.Ok((await answers.ShowAsync([outcome.Value!], caller, CancellationToken.None))[0]);
    }

    private static async Task<IResult> RotateAsync(
        string id, BodyReader body, Caller caller, CredentialRotation credentials, Answers answers, AfterWrite after, CancellationToken cancellation)
    {
        var auth = ReadAuth(body, required: true);
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var rotation = await credentials.RotateAsync(caller.Actor, new AltruistId(id), auth ?? new AuthDraft(null, new Dictionary<string, string>()), errors, cancellation);
        switch (rotation.Kind)
        {
            case RotationKind.NotAllowed:
                return rotation.Refusal!.ToProblem();
            case RotationKind.Refused:
                return new Problem(400, "credentials-refused", "The endpoint does not take these credentials", $"Nothing was changed: {rotation.Reason}.")
                {
                    Errors = new Dictionary<string, List<string>> { ["auth"] = [$"was tried and not taken: {rotation.Reason}"] },
                };
            case RotationKind.TooSoon:
                return new Problem(429, "too-soon", "Not so often", rotation.Reason) { RetryAfterSeconds = 5 };
            default:
                await after.SettleAsync();
                var altruist = (await answers.ShowAsync([rotation.Altruist!], caller, CancellationToken.None))[0];
                var published = rotation.Kind == RotationKind.Published;
                return TypedResults.Json(new RotationAnswer(published, rotation.Reason, altruist), statusCode: published ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
        }
    }

    private static async Task<IResult> RetireAsync(string id, Caller caller, AltruistRegistry registry, AfterWrite after, CancellationToken cancellation)
    {
        var outcome = await registry.RetireAsync(caller.Actor, new AltruistId(id), cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        return TypedResults.NoContent();
    }

    private static AltruistDraft Read(BodyReader body)
    {
        body.Ignore(
            "id", "network", "host", "control", "state", "reason", "since", "height", "lagBlocks", "latencyMs", "lastProbeAt", "cooldownUntil", "sessionsLastHour", "createdAt", "serving", "trial", "proven", "checks", "drains", "inUse");
        return new AltruistDraft
        {
            Provider = body.String("provider"),
            Chains = body.Strings("chains"),
            Url = body.String("url", most: 2048),
            Urls = body.Texts("urls"),
            Regions = body.Strings("regions"),
            Label = body.String("label", most: 100),
            Auth = ReadAuth(body),
            Capabilities = body.Strings("capabilities"),
            CapacityRps = body.Int("capacityRps", 1, 10_000_000),
            ClearsCapacity = body.IsNull("capacityRps"),
            Tier = body.Int("tier", 1, 100),
            Role = body.String("role"),
            Visibility = body.String("visibility"),
            Enabled = body.Bool("enabled"),
        };
    }

    /// <summary>Without taking blanks off: a password may have them.</summary>
    private static AuthDraft? ReadAuth(BodyReader body, bool required = false)
    {
        if (body.Object("auth", required) is not { } auth)
            return null;
        string? type = null;
        var fields = new Dictionary<string, string>();
        foreach (var field in auth.EnumerateObject())
        {
            if (field.Value.ValueKind is not JsonValueKind.String)
                body.Bad($"auth.{field.Name}", "must be text");
            else if (field.Name == "type")
                type = field.Value.GetString();
            else
                fields[field.Name] = field.Value.GetString()!;
        }

        return new AuthDraft(type, fields);
    }

    /// <summary>What a writer may say; a PATCH leaves what is omitted.</summary>
    /// <param name="Enabled">False saves a draft: it keeps its URL and is neither probed nor picked, but may be tested and proven until it is right.</param>
    internal sealed record AltruistBody(
        string? Provider, string[]? Chains, string? Url, Dictionary<string, string>? Urls, string[]? Regions, string? Label, AuthDocument? Auth, string[]? Capabilities,
        int? CapacityRps, int? Tier, string? Role, string? Visibility, bool? Enabled, bool? Attested);

    internal sealed record CredentialsBody(AuthDocument Auth);

    /// <param name="Published">True when the new credentials are in service; false while they are tried on.</param>
    /// <param name="Reason">What the test said.</param>
    internal sealed record RotationAnswer(bool Published, string Reason, AltruistAnswer Altruist);

    /// <summary>How a changed endpoint does beside the one in service.</summary>
    /// <param name="Good">Good probes in a row.</param>
    internal sealed record TrialAnswer(DateTimeOffset Since, string Reason, int Good)
    {
        public static TrialAnswer Of(Trial trial) => new(trial.Since, trial.Reason, trial.Good);
    }

    /// <param name="Portals">How many asked within a day for slots in which it is a pick.</param>
    /// <param name="Taken">How many of them have taken the URL and credentials that are in service.</param>
    /// <param name="Says">The same in words.</param>
    internal sealed record UptakeAnswer(int Portals, int Taken, string Says)
    {
        public static UptakeAnswer? Of(Uptake? uptake) => uptake is { } known ? new UptakeAnswer(known.Portals, known.Taken, known.InWords) : null;
    }

    /// <summary>Of which kind the credentials are, and the name of the header or parameter; what is secret is never told.</summary>
    internal sealed record AuthAnswer(string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name)
    {
        public static AuthAnswer Of(EndpointAuth auth) => new(auth.ToString(), auth.Kind is AuthKind.Header or AuthKind.Query ? auth.Name : null);
    }

    /// <param name="Evidence">Hash of what it rests on; owner and staff get the body.</param>
    internal sealed record ChangeAnswer(string Id, string Altruist, DateTimeOffset At, string From, string To, string Reason, string? Evidence)
    {
        public static ChangeAnswer Of(VerdictChange change) => new(
            change.Id.ToString(CultureInfo.InvariantCulture), change.Altruist.Value, change.At, VerdictNames.Of(change.From), VerdictNames.Of(change.To), change.Reason, change.Evidence);
    }

    /// <summary>What everybody sees of an altruist.</summary>
    [JsonDerivedType(typeof(WholeAltruistAnswer))]
    internal record AltruistAnswer
    {
        public required string Id { get; init; }
        public required string Provider { get; init; }
        public required string Network { get; init; }
        public required IReadOnlyList<string> Chains { get; init; }

        /// <summary>Of the URL the host and a short tail.</summary>
        public required string Host { get; init; }
        public required IReadOnlyList<string> Regions { get; init; }
        public required string Label { get; init; }
        public required IReadOnlyList<string> Capabilities { get; init; }

        /// <summary>Those of the claimed capabilities that are proven: only these count.</summary>
        public required IReadOnlyList<string> Proven { get; init; }
        public required int? CapacityRps { get; init; }
        public required int Tier { get; init; }
        public required AltruistRole Role { get; init; }

        /// <summary><c>portals</c>, or <c>public</c> where its owner lets the URL be published to everybody.</summary>
        public required AltruistVisibility Visibility { get; init; }
        public required bool Enabled { get; init; }

        /// <summary>Control is proven of the endpoint in service; for its owner and staff, of the newest that was said.</summary>
        public required bool Attested { get; init; }

        /// <summary>By what: <c>staff</c>, who attest it publicly, <c>well-known</c> (a file on its host) or <c>dns</c>; null where it is not proven.</summary>
        public required ControlProof? Control { get; init; }
        public required string State { get; init; }
        public required string Reason { get; init; }

        /// <summary>When the state was entered; null while disabled.</summary>
        public required DateTimeOffset? Since { get; init; }
        public required long? Height { get; init; }
        public required long? LagBlocks { get; init; }
        public required double? LatencyMs { get; init; }
        public required DateTimeOffset? LastProbeAt { get; init; }
        public required DateTimeOffset? CooldownUntil { get; init; }
        public required int SessionsLastHour { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }

        /// <summary>The newest of every check that concerns it; only where one altruist is asked for.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyList<CheckAnswer>? Checks { get; init; }
    }

    /// <param name="State"><c>passed</c>, <c>warned</c>, <c>failed</c>, <c>unknown</c> (says nothing against it), <c>skipped</c>.</param>
    /// <param name="At">Null when it never ran.</param>
    internal sealed record CheckAnswer(string Name, string State, string Reason, DateTimeOffset? At);

    /// <summary>What owner, staff and portals see as well.</summary>
    internal sealed record WholeAltruistAnswer : AltruistAnswer
    {
        [SetsRequiredMembers]
        public WholeAltruistAnswer(AltruistAnswer common, Altruist altruist, Trial? trial)
            : base(common)
        {
            Serving = altruist.Serving is { } serving ? AltruistUrl.Redact(serving.Url) : null;
            Trial = trial is null ? null : TrialAnswer.Of(trial);
            Attested = altruist.Attested;
            Control = altruist.Attested ? altruist.ControlBy : null;
            Url = altruist.Url;
            Urls = altruist.Urls;
            Auth = AuthAnswer.Of(altruist.Auth);
        }

        /// <summary>The newest that was said.</summary>
        public required string Url { get; init; }

        public required IReadOnlyDictionary<string, string> Urls { get; init; }

        public required AuthAnswer Auth { get; init; }

        /// <summary>What portals are told meanwhile, host and a short tail; null where the newest is in service.</summary>
        public required string? Serving { get; init; }

        /// <summary>Null where the newest is in service.</summary>
        public required TrialAnswer? Trial { get; init; }

        /// <summary>How far portals have taken what is in service; null for portals, and where it is in no slot.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public UptakeAnswer? InUse { get; init; }

        /// <summary>Maintenance in force and to come, in that order; null for portals.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyList<DrainDocument>? Drains { get; init; }
    }

    /// <summary>Puts together what is registered of an altruist, how it is, and how often it was picked.</summary>
    internal sealed class Answers(
        HealthBoard board, DrainStore drains, LettingGo lettingGo, EndpointUptake uptake, CheckReports checks, DecisionLog log, TrialMonitor trials, RosterCache rosters, PortalBook portals, ProtocolCatalog protocols, TimeProvider time)
    {
        public string StateOf(Altruist altruist) =>
            !altruist.Enabled ? Disabled : DrainOf(altruist) is not null ? Draining : VerdictNames.Of(altruist.Undecryptable is null ? board[altruist.Id].State : VerdictState.Unknown);

        public async Task<IReadOnlyList<AltruistAnswer>> ShowAsync(IReadOnlyList<Altruist> altruists, Caller caller, CancellationToken cancellation)
        {
            var sessions = altruists.Count == 0 ? null : await log.SessionsLastHourAsync([.. altruists.Select(altruist => altruist.Id)], cancellation);
            return [.. altruists.Select(altruist => Show(altruist, caller, sessions!.GetValueOrDefault(altruist.Id), withChecks: false))];
        }

        private Drain? DrainOf(Altruist altruist) => drains.Current.InForce(altruist.Id, time.GetUtcNow());

        private IReadOnlyList<DrainDocument> DrainsOf(Altruist altruist)
        {
            var now = time.GetUtcNow();
            return [.. drains.Current.Ahead(altruist.Id, now).Select(drain => DrainDocument.Of(drain, now, lettingGo))];
        }

        private string? WhyNotProbed(Altruist altruist) => protocols.WhyNotProbed(altruist.Network, rosters.Current.ChainsByNetwork.GetValueOrDefault(altruist.Network, []));

        /// <summary>One, with its checks.</summary>
        public async Task<AltruistAnswer> ShowAsync(Altruist altruist, Caller caller, CancellationToken cancellation) =>
            Show(altruist, caller, (await log.SessionsLastHourAsync([altruist.Id], cancellation)).GetValueOrDefault(altruist.Id), withChecks: true);

        private AltruistAnswer Show(Altruist altruist, Caller caller, int sessions, bool withChecks)
        {
            var verdict = board[altruist.Id];
            var drain = altruist.Enabled ? DrainOf(altruist) : null;
            var answer = new AltruistAnswer
            {
                Id = altruist.Id.Value,
                Provider = altruist.Provider.Value,
                Network = altruist.Network.Value,
                Chains = [.. altruist.Chains.Select(chain => chain.Value)],
                Host = AltruistUrl.Redact(altruist.InService.Url),
                Regions = [.. altruist.Regions.Select(region => region.Value)],
                Label = altruist.Label,
                Capabilities = altruist.Capabilities,
                Proven = checks.ProvenOf(altruist),
                CapacityRps = altruist.CapacityRps,
                Tier = altruist.Tier,
                Role = altruist.Role,
                Visibility = altruist.Visibility,
                Enabled = altruist.Enabled,
                Attested = altruist.InService.Attested,
                Control = altruist.InService.Attested ? altruist.ControlBy : null,
                State = StateOf(altruist),
                Reason = drain?.InWords ?? (altruist.Undecryptable is { } lost ? lost.ToString() : altruist.Enabled ? WhyNotProbed(altruist) ?? verdict.Reason : "a draft, or switched off by its owner or staff"),
                Since = !altruist.Enabled ? null : drain is not null ? drain.From : verdict.Since == DateTimeOffset.UnixEpoch ? altruist.CreatedAt : verdict.Since,
                Height = verdict.Height,
                LagBlocks = verdict.LagBlocks,
                LatencyMs = verdict.LatencyMs,
                LastProbeAt = verdict.LastProbeAt,
                CooldownUntil = verdict.CooldownUntil,
                SessionsLastHour = sessions,
                CreatedAt = altruist.CreatedAt,
                Checks = withChecks ? [.. checks.Of(altruist).Select(check => new CheckAnswer(check.Check, check.State.ToString().ToLowerInvariant(), check.Reason, check.At))] : null,
            };
            // Portals are told what is in service, and nothing of what is only said.
            return caller.Owns(altruist.Provider) ? new WholeAltruistAnswer(answer, altruist, trials.Of(altruist)) { Drains = DrainsOf(altruist), InUse = UptakeAnswer.Of(uptake.Of(altruist.Id)) }
                : caller.PortalId is { } portal && portals.Find(portal)?.MayRead(altruist, rosters.Current) == true ? new WholeAltruistAnswer(answer, altruist.InService, trial: null)
                : answer;
        }
    }
}
