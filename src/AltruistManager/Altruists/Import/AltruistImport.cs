using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Altruists.Import;

/// <summary>
/// Registers and changes altruists by a CSV file: by the rules that hold for each alone, all of them or none. A line means the altruist of its id, else the one its provider
/// has at its URL, else a new one; the same file once more changes nothing.
/// </summary>
public sealed class AltruistImport(AltruistRegistry registry, RegistryWriter writer, IRegistrationRules rules, TimeProvider time)
{
    /// <summary>Of a new one not worth a word.</summary>
    private static readonly HashSet<(string Field, string? Value)> Usual =
        [("regions", "*"), ("auth", "none"), ("tier", "1"), ("role", "serve"), ("visibility", "portals"), ("enabled", "true"), ("retired", "false")];

    /// <summary>A large file takes long to decide, and nobody else writes while that is done inside.</summary>
    private const int Attempts = 4;

    /// <summary>What the file would lead to.</summary>
    /// <param name="provider">The only one whose altruists may be in it; null takes those of all whose they are to change.</param>
    public async Task<ImportPlan> PreviewAsync(Actor actor, ProviderId? provider, byte[] file, ImportLimits limits, CancellationToken cancellation)
    {
        if (RefusalOf(actor, provider) is { } refused)
            return refused;
        var sheet = CsvSheet.Read(file, AltruistCsv.Layout, limits);
        return Noted(actor, await writer.PreviewAsync(roster => Decide(roster, actor, provider, sheet), cancellation)).Plan;
    }

    /// <summary>Does what the file says, if nothing in it is wrong.</summary>
    /// <param name="shown"><see cref="ImportPlan.Print"/> of what was agreed to: where it would lead to anything else by now, nothing is done. Null agrees to anything.</param>
    public async Task<ImportPlan> ApplyAsync(Actor actor, ProviderId? provider, byte[] file, ImportLimits limits, string? shown, CancellationToken cancellation)
    {
        if (RefusalOf(actor, provider) is { } refused)
            return refused;
        var sheet = CsvSheet.Read(file, AltruistCsv.Layout, limits);
        try
        {
            var outcome = await writer.WriteAsync(
                roster => Decide(roster, actor, provider, sheet),
                decided => decided.Plan is { IsWrong: false, ChangesAnything: true } plan && (shown is null || shown == plan.Print),
                async (write, roster, decided, revision) =>
                {
                    foreach (var (line, step) in decided.Steps)
                    {
                        await registry.StoreAsync(write, step, revision);
                        if (RegistryWriter.EntryOf(new Deed<Altruist>(actor, Told.Altruist, null, step.Altruist.Id.Value), roster, step.Altruist) is { } entry)
                            await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, entry with { Detail = $"by import, line {line}" });
                    }

                    decided.IsStored = true;
                },
                cancellation,
                Attempts);
            return Noted(actor, outcome).IsStored || outcome.Plan is { IsWrong: false, ChangesAnything: false } ? outcome.Plan with { IsDone = true } : outcome.Plan;
        }
        catch (Exception taken) when (Database.IsDuplicate(taken))
        {
            return Refused(actor, provider, Refusal.UrlTaken);
        }
    }

    private ImportPlan? RefusalOf(Actor actor, ProviderId? provider)
    {
        var whose = provider ?? (actor.OnlyProvider is { } only ? new ProviderId(only) : null);
        var refusal = whose is { } owner ? Refusal.UnlessMayChange(actor, owner, $"what {owner} offers") : Refusal.UnlessStaff(actor, "import altruists of several providers");
        return refusal is null ? null : Refused(actor, provider, refusal);
    }

    private ImportPlan Refused(Actor actor, ProviderId? provider, Refusal refusal)
    {
        writer.Noted<Altruist>(new Deed<Altruist>(actor, Told.Altruist, "import", provider?.Value ?? ""), refusal);
        return new ImportPlan { Refusal = refusal };
    }

    /// <summary>Tells the audit trail of every line that was refused by a rule, as if each had been tried alone.</summary>
    private Decided Noted(Actor actor, Decided decided)
    {
        foreach (var (line, subject, isNew, refusal) in decided.Refused)
            writer.Noted<Altruist>(new Deed<Altruist>(actor, Told.Altruist, isNew ? "add" : "change", subject), refusal with { Detail = $"{refusal.Detail} (by import, line {line})" });
        return decided;
    }

    private Decided Decide(Roster roster, Actor actor, ProviderId? provider, CsvSheet sheet)
    {
        if (sheet.Problems.Count > 0)
            return new Decided(new ImportPlan { Problems = sheet.Problems }, [], []);

        var now = UnixTime.FromMs(time.NowMs());
        var known = new KnownAltruists(roster);
        var view = new GrowingRoster(roster);
        var lines = sheet.Broken.Select(broken => ImportLine.WrongIn(broken.Line, "", null, [broken])).ToList();
        var steps = new List<(int, AltruistStep)>();
        var refused = new List<RefusedLine>();
        var said = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in sheet.Rows)
        {
            var owner = row["provider"] ?? provider?.Value ?? actor.OnlyProvider;
            var url = row["url"] is { } text ? AltruistUrl.Parse(text, "https", "http", rules.AllowHttp).Url : "";
            var before = row["id"] is { } id ? view.Find(new AltruistId(id)) : known.At(owner, url);
            var target = row["id"] ?? before?.Id.Value ?? (url.Length > 0 ? $"{owner} {url}" : null);
            if (target is not null && !said.TryAdd(target, row.Line))
            {
                lines.Add(ImportLine.WrongIn(row.Line, NameOf(row, before), before?.Id.Value, [new ImportProblem(row.Line, row["id"] is null ? "url" : "id", $"is that of line {said[target]}: an altruist is said once")]));
                continue;
            }

            lines.Add(DecideOne(view, actor, provider, row, owner, before, now, out var step, out var refusal));
            if (refusal is not null)
                refused.Add(new RefusedLine(row.Line, row["id"] ?? before?.Id.Value ?? "", IsNew: row["id"] is null && before is null, refusal));
            if (step is null)
                continue;
            steps.Add((row.Line, step));
            // What comes further down is decided as if this were done.
            foreach (var altruist in step.Displaced.Append(step.Altruist))
                view.Put(altruist);
        }

        lines.Sort((left, right) => left.Line.CompareTo(right.Line));
        return new Decided(new ImportPlan { Lines = lines }, steps, refused);
    }

    /// <param name="step">Null where nothing is to be done.</param>
    /// <param name="refusal">Null unless a rule, or what the line says, keeps it from being done.</param>
    private ImportLine DecideOne(
        RosterView view, Actor actor, ProviderId? provider, CsvRow row, string? owner, Altruist? before, DateTimeOffset now, out AltruistStep? step, out Refusal? refusal)
    {
        (step, refusal) = (null, null);
        var name = NameOf(row, before);
        var problems = new List<ImportProblem>();
        var errors = new FieldErrors();
        if (provider is { } only && owner != only.Value)
            problems.Add(new ImportProblem(row.Line, "provider", $"must be {only} here, or empty"));
        if (row["id"] is null && row["url"] is null)
            problems.Add(new ImportProblem(row.Line, null, "says neither id nor url, so that it is not known which altruist is meant"));
        if (problems.Count > 0)
            return ImportLine.WrongIn(row.Line, name, before?.Id.Value, problems);

        var draft = AltruistCsv.Read(row, owner, before, errors);
        var decided = row["id"] is { } id
            ? registry.DecideChange(view, actor, new AltruistId(id), provider is null && row["provider"] is null ? draft with { Provider = null } : draft, errors)
            : before is not null
                ? registry.DecideChange(view, actor, before.Id, draft, errors)
                : registry.DecideNew(view, actor, new AltruistId(Guid.CreateVersion7(now).ToString()), now, draft, errors);
        refusal = decided.Refusal;
        if (refusal is not null)
            return ImportLine.WrongIn(row.Line, name, before?.Id.Value, ProblemsOf(view.Roster, row, refusal));

        var after = decided.Value!;
        var changes = ChangesOf(before, after);
        if (before is not null && changes.Count == 0)
            return new ImportLine(row.Line, ImportVerdict.Unchanged, after.Label, after.Id.Value, [], []);
        step = AltruistRegistry.StepOf(view, decided, now)!;
        var displaced = step.Displaced.Select(other => new ImportChange(ImportChange.Displaces, null, $"{other.Label} of {other.Provider}"));
        return new ImportLine(row.Line, before is null ? ImportVerdict.New : ImportVerdict.Changed, after.Label, after.Id.Value, [.. changes, .. displaced], []);
    }

    private static string NameOf(CsvRow row, Altruist? before)
    {
        var name = row["label"] ?? before?.Label ?? (row["url"] is { } url && Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? parsed.Host : row["id"] ?? "");
        return name.Length > 100 ? $"{name[..100]}…" : name;
    }

    private static List<ImportProblem> ProblemsOf(Roster roster, CsvRow row, Refusal refusal)
    {
        if (refusal.Errors is not { } errors)
            return [new ImportProblem(row.Line, refusal.Code switch { "url-taken" => "url", "unknown-altruist" or "retired" or "not-yours" => "id", _ => null }, refusal.Detail)];

        var problems = errors.ToDictionary().SelectMany(field => field.Value.Select(error => new ImportProblem(row.Line, AltruistCsv.ColumnOf(field.Key), error))).ToList();
        foreach (var name in row.List("chains") ?? [])
            if (name.All(char.IsAsciiDigit) && roster.FindChain(name) is null && roster.FindChain(name.PadLeft(4, '0')) is { } meant)
                problems.Add(new ImportProblem(row.Line, "chains", $"is {meant.Id} meant? Spreadsheets take leading zeros away"));
        return problems;
    }

    private static IReadOnlyList<ImportChange> ChangesOf(Altruist? before, Altruist after)
    {
        var changes = ImportChange.Between(before is null ? null : Told.Altruist.Show(before), Told.Altruist.Show(after));
        if (before is null)
            return [.. changes.Where(change => !Usual.Contains((change.Field, change.After)) && change.Field is not ("label" or "endpoint" or "controlProven" or "controlBy"))];
        // It tells apart what looks alike, and has nothing to say beside what does not.
        return
        [
            .. changes.Select(change => change.Field != "endpoint" ? change
                : before.Auth != after.Auth ? new ImportChange("credentials", "what they were", "what the file says")
                : new ImportChange("endpoint", "what it was", "another URL with the same ends"))
            .Where(change => change.Field != "endpoint" || !changes.Any(other => other.Field is "url" or "urls")),
        ];
    }

    /// <param name="Steps">Those that change something, with their lines.</param>
    private sealed record Decided(ImportPlan Plan, IReadOnlyList<(int Line, AltruistStep Step)> Steps, IReadOnlyList<RefusedLine> Refused)
    {
        public bool IsStored { get; set; }
    }

    /// <param name="Subject">Id of what it is about; empty for what has none yet.</param>
    private sealed record RefusedLine(int Line, string Subject, bool IsNew, Refusal Refusal);

    /// <summary>The living altruists by whose they are and where: at their newest URL, and at the one in service.</summary>
    private sealed class KnownAltruists
    {
        private readonly Dictionary<(string Provider, string Url), Altruist> byUrl = [];
        private readonly Dictionary<(string Provider, string Key), Altruist> lostByKey = [];

        public KnownAltruists(Roster roster)
        {
            foreach (var altruist in roster.Live)
            {
                byUrl.TryAdd((altruist.Provider.Value, altruist.Url), altruist);
                if (altruist.Serving is { } serving)
                    byUrl.TryAdd((altruist.Provider.Value, serving.Url), altruist);
                if (altruist.Undecryptable?.UrlKey is { } key)
                    lostByKey.TryAdd((altruist.Provider.Value, key), altruist);
            }
        }

        public Altruist? At(string? provider, string url) => provider is null || url.Length == 0 ? null
            : byUrl.GetValueOrDefault((provider, url))
                ?? AltruistStore.KeysOf(new ProviderId(provider), url).Select(key => lostByKey.GetValueOrDefault((provider, key))).FirstOrDefault(lost => lost is not null);
    }
}
