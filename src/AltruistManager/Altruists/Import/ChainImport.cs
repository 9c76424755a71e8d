using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Chains;

namespace AltruistManager.Altruists.Import;

/// <summary>
/// Registers and changes chains by a CSV file: by the rules that hold for each alone, all of them or none. An empty cell leaves what is there, of a new chain what the
/// catalogue knows; <c>none</c> takes away what may be missing, and goes back to the catalogue's value or the default where something must be. The same file once more changes nothing.
/// </summary>
public sealed class ChainImport(ChainRegistry registry, ChainCatalog catalog, RegistryWriter writer, TimeProvider time)
{
    public static readonly IReadOnlyList<string> Columns =
    [
        "id", "name", "protocol", "identity", "requires", "aliases", "path", "blockTimeSeconds", "lagToleranceBlocks", "maxHeadAgeSeconds", "integrityOffsetBlocks",
        "policy", "primaries", "requestTimeoutMs", "minEligible", "maxAltruists", "enabled", "successor", "probe",
    ];

    private static readonly CsvLayout Layout = new(Columns);

    /// <summary>What the file would lead to.</summary>
    public Task<ImportPlan> PreviewAsync(Actor actor, byte[] file, ImportLimits limits, CancellationToken cancellation)
    {
        if (RefusalOf(actor) is { } refused)
            return Task.FromResult(refused);
        var sheet = CsvSheet.Read(file, Layout, limits);
        return writer.PreviewAsync(roster => Decide(roster, sheet).Plan, cancellation);
    }

    /// <summary>Does what the file says, if nothing in it is wrong.</summary>
    public async Task<ImportPlan> ApplyAsync(Actor actor, byte[] file, ImportLimits limits, CancellationToken cancellation)
    {
        if (RefusalOf(actor) is { } refused)
            return refused;
        var sheet = CsvSheet.Read(file, Layout, limits);
        var outcome = await writer.WriteAsync(
            roster => Decide(roster, sheet),
            decided => decided.Plan is { IsWrong: false, ChangesAnything: true },
            async (write, roster, decided, revision) =>
            {
                foreach (var (line, chain) in decided.Chains)
                {
                    await ChainStore.PutAsync(write, chain, revision);
                    if (RegistryWriter.EntryOf(new Deed<Chain>(actor, Told.Chain, null, chain.Id.Value), roster, chain) is { } entry)
                        await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, entry with { Detail = $"by import, line {line}" });
                }
            },
            cancellation);
        return outcome.Plan with { IsDone = !outcome.Plan.IsWrong };
    }

    private ImportPlan? RefusalOf(Actor actor)
    {
        if (Refusal.UnlessStaff(actor, "import chains") is not { } refusal)
            return null;
        writer.Noted<Chain>(new Deed<Chain>(actor, Told.Chain, "import", ""), refusal);
        return new ImportPlan { Refusal = refusal };
    }

    private Decided Decide(Roster roster, CsvSheet sheet)
    {
        if (sheet.Problems.Count > 0)
            return new Decided(new ImportPlan { Problems = sheet.Problems }, []);

        var lines = sheet.Broken.Select(broken => ImportLine.WrongIn(broken.Line, "", null, [broken])).ToList();
        var chains = new List<(int, Chain)>();
        var said = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in SuccessorsFirst(sheet.Rows))
        {
            if (row["id"] is { } id && !said.TryAdd(id, row.Line))
            {
                lines.Add(ImportLine.WrongIn(row.Line, id, id, [new ImportProblem(row.Line, "id", $"is that of line {said[id]}: a chain is said once")]));
                continue;
            }

            var line = DecideOne(roster, row, out var chain);
            lines.Add(line);
            if (chain is null)
                continue;
            chains.Add((row.Line, chain));
            // What comes further down is decided as if this were done.
            roster = roster.With(roster.Revision, [chain], [], [], []);
        }

        lines.Sort((left, right) => left.Line.CompareTo(right.Line));
        return new Decided(new ImportPlan { Lines = lines }, chains);
    }

    /// <summary>A successor may stand anywhere in the file, by its id or an alias, and have one itself.</summary>
    private static List<CsvRow> SuccessorsFirst(IReadOnlyList<CsvRow> rows)
    {
        var byName = new Dictionary<string, CsvRow>(StringComparer.Ordinal);
        foreach (var row in rows)
            if (row["id"] is { } id)
                byName.TryAdd(id, row);
        foreach (var row in rows)
            foreach (var alias in row.List("aliases") ?? [])
                byName.TryAdd(alias, row);

        var ordered = new List<CsvRow>(rows.Count);
        var taken = new HashSet<int>();
        // Names that the catalogue knows are not in the file: those without a successor come first in any case.
        foreach (var row in rows.OrderBy(row => row["successor"] is not null))
        {
            var trail = new Stack<CsvRow>();
            for (var next = row; next is not null && taken.Add(next.Line); next = next.Said("successor") is { } name ? byName.GetValueOrDefault(name) : null)
                trail.Push(next);
            ordered.AddRange(trail);
        }

        return ordered;
    }

    /// <param name="chain">Null where nothing is to be done.</param>
    private ImportLine DecideOne(Roster roster, CsvRow row, out Chain? chain)
    {
        chain = null;
        if (row["id"] is not { } text)
            return ImportLine.WrongIn(row.Line, row["name"] ?? "", null, [new ImportProblem(row.Line, "id", "is required")]);

        var id = new ChainId(text);
        // Of a retired one nothing is taken over: it begins anew.
        var before = roster.Chains.GetValueOrDefault(id) is { RetiredAt: null } living ? living : null;
        var errors = new FieldErrors();
        var draft = Read(row, before, errors);
        var decided = errors.Has("probe") ? Refusal.Invalid(errors) : registry.Decide(roster, id, draft, errors);
        if (decided.Refusal is { } refusal)
            return ImportLine.WrongIn(row.Line, draft.Name ?? text, text, ProblemsOf(roster, row, id, refusal));

        var after = decided.Value!;
        var changes = ImportChange.Between(before is null ? null : Told.Chain.Show(before), Told.Chain.Show(after));
        if (before is null)
            changes = [.. changes.Where(change => change.Field != "retired")];
        else if (changes.Count == 0)
            return new ImportLine(row.Line, ImportVerdict.Unchanged, after.Name, text, [], []);
        chain = after;
        return new ImportLine(row.Line, before is null ? ImportVerdict.New : ImportVerdict.Changed, after.Name, text, changes, []);
    }

    private List<ImportProblem> ProblemsOf(Roster roster, CsvRow row, ChainId id, Refusal refusal)
    {
        if (refusal.Errors is not { } errors)
            return [new ImportProblem(row.Line, refusal.Code == "alias-taken" ? "aliases" : null, refusal.Detail)];
        var problems = errors.ToDictionary()
            .SelectMany(field => field.Value.Select(error => new ImportProblem(row.Line, field.Key.StartsWith("probe.", StringComparison.Ordinal) ? "probe" : field.Key, Of(field.Key) + error))).ToList();
        var padded = new ChainId(id.Value.PadLeft(4, '0'));
        if (padded != id && id.Value.All(char.IsAsciiDigit) && (catalog.Find(padded) is not null || roster.Chains.ContainsKey(padded)))
            problems.Add(new ImportProblem(row.Line, "id", $"is {padded} meant? Spreadsheets take leading zeros away"));
        return problems;

        static string Of(string field) => field.StartsWith("probe.", StringComparison.Ordinal) ? $"{field["probe.".Length..]} " : "";
    }

    /// <param name="before">Whose values stay where nothing is said; null for a chain that is not there.</param>
    private static ChainDraft Read(CsvRow row, Chain? before, FieldErrors errors)
    {
        return new()
        {
            Name = row["name"] ?? before?.Name,
            Protocol = row["protocol"] ?? before?.Network.Protocol,
            Identity = row["identity"] ?? before?.Network.Identity,
            Requires = row.List("requires") ?? before?.Requires,
            Aliases = row.List("aliases") ?? before?.Aliases,
            Path = Text("path", before?.Path),
            BlockTimeSeconds = Value("blockTimeSeconds", row.Number("blockTimeSeconds", errors), before?.BlockTimeSeconds),
            LagToleranceBlocks = Value("lagToleranceBlocks", row.Whole("lagToleranceBlocks", errors), before?.LagToleranceBlocks),
            MaxHeadAgeSeconds = Value("maxHeadAgeSeconds", row.Number("maxHeadAgeSeconds", errors), before?.MaxHeadAgeSeconds),
            IntegrityOffsetBlocks = Value("integrityOffsetBlocks", row.Whole("integrityOffsetBlocks", errors), before?.IntegrityOffsetBlocks),
            Policy = Text("policy", before?.Policy),
            Primaries = Value("primaries", row.Whole("primaries", errors), before?.Primaries),
            RequestTimeoutMs = Value("requestTimeoutMs", row.Whole("requestTimeoutMs", errors), before?.RequestTimeoutMs),
            MinEligible = Value("minEligible", row.Whole("minEligible", errors), before?.MinEligible),
            MaxAltruists = Value("maxAltruists", row.Whole("maxAltruists", errors), before?.MaxAltruists),
            Enabled = Value("enabled", row.Clears("enabled") ? null : row.Flag("enabled", errors), before?.Enabled),
            Successor = Text("successor", before?.Successor?.Value),
            Probe = ReadProbe(row, before, errors),
        };

        string? Text(string column, string? kept) => row.Clears(column) ? null : row[column] ?? kept;

        T? Value<T>(string column, T? said, T? kept)
            where T : struct => row[column] is null ? kept : said;
    }

    private static string? ReadProbe(CsvRow row, Chain? before, FieldErrors errors)
    {
        if (row["probe"] is null || row.Clears("probe"))
            return row.Clears("probe") ? null : before?.Probe;
        try
        {
            using var json = JsonDocument.Parse(row["probe"]!);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                errors.Add("probe", "must be a JSON object");
            return json.RootElement.GetRawText();
        }
        catch (JsonException)
        {
            errors.Add("probe", "is not JSON");
            return null;
        }
    }

    private sealed record Decided(ImportPlan Plan, IReadOnlyList<(int Line, Chain Chain)> Chains);
}
