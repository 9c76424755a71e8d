using System.Globalization;
using CsvHelper;

namespace AltruistManager.Altruists.Import;

/// <summary>Altruists as lines of a CSV file. An empty cell says nothing: what is there stays; <c>none</c> takes away what need not be there.</summary>
public static class AltruistCsv
{
    /// <summary>One by one the altruist that is meant, what is said of it, its credentials, and what is for staff.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        "id", "label", "url", "chains", "regions", "capabilities", "capacityRps", "websocket", "rest", "cometbft", "visibility", "enabled",
        "authType", "authName", "authSecret", "provider", "tier", "role",
    ];

    /// <summary>To begin with: one of everything that is asked for most, and one that takes what is usual.</summary>
    public const string Example =
        "label,url,chains,regions,capabilities,capacityRps,websocket,visibility,enabled,authType,authName,authSecret\r\n"
        + "eth-1,https://eth1.acme.example/rpc,0021 0022,us-east eu-central,archive trace,500,wss://eth1.acme.example/ws,portals,true,bearer,,your-token\r\n"
        + "polygon-1,https://polygon1.acme.example,0009,*,,,,,,,,\r\n";

    internal static readonly CsvLayout Layout = new(Columns) { Passed = ["host"], Literal = "authSecret", Escaped = "label" };

    private static readonly string[] UrlColumns = ["websocket", "rest", "cometbft"];

    private static readonly string[] Exported =
        ["id", "label", "host", "url", "chains", "regions", "capabilities", "capacityRps", "visibility", "enabled", "tier", "role"];

    // Quoted, for where a spreadsheet takes another separator, which a label may hold before what looks like a formula.
    private static readonly CsvWriterOptions Options = new() { Injection = CsvInjection.Escape, Quoting = CsvQuoting.Always, WriteByteOrderMark = true };

    /// <summary>As they are now, for a spreadsheet and back again: by their ids, without URLs and credentials, which an empty cell leaves as they are.</summary>
    public static async Task WriteAsync(Stream stream, IEnumerable<Altruist> altruists, CancellationToken cancellation)
    {
        await using var csv = CsvWriter.Create(stream, Options, leaveOpen: true);
        await csv.WriteRecordAsync(Exported, cancellation);
        foreach (var altruist in altruists)
        {
            await csv.WriteRecordAsync(
            [
                altruist.Id.Value, CsvLayout.IsEscaped(altruist.Label) ? $"'{altruist.Label}" : altruist.Label, altruist.Host, "", string.Join(' ', altruist.Chains), string.Join(' ', altruist.Regions),
                altruist.Capabilities.Count == 0 ? CsvRow.Nothing : string.Join(' ', altruist.Capabilities),
                altruist.CapacityRps?.ToString(CultureInfo.InvariantCulture) ?? CsvRow.Nothing,
                AltruistStore.VisibilityText(altruist.Visibility), altruist.Enabled ? "true" : "false",
                altruist.Tier.ToString(CultureInfo.InvariantCulture), AltruistStore.RoleText(altruist.Role),
            ], cancellation);
        }
    }

    /// <param name="provider">Whose it is; null where nobody said.</param>
    /// <param name="before">Null for a new one.</param>
    internal static AltruistDraft Read(CsvRow row, string? provider, Altruist? before, FieldErrors errors) => new()
    {
        Provider = provider,
        Url = row["url"],
        Urls = ReadUrls(row, before),
        Label = row["label"],
        Chains = row.List("chains"),
        Regions = row.List("regions"),
        Capabilities = row.List("capabilities"),
        CapacityRps = row.Whole("capacityRps", errors),
        ClearsCapacity = row.Clears("capacityRps"),
        Visibility = row["visibility"],
        Enabled = row.Flag("enabled", errors),
        Auth = ReadAuth(row, errors),
        Tier = row.Whole("tier", errors),
        Role = row["role"],
    };

    /// <summary>The column of a field as the registry names it.</summary>
    internal static string ColumnOf(string field) => field switch
    {
        "auth.username" or "auth.name" => "authName",
        "auth.password" or "auth.token" or "auth.value" => "authSecret",
        "auth" or "auth.type" => "authType",
        _ when field.StartsWith("urls.", StringComparison.Ordinal) => field["urls.".Length..],
        _ => field,
    };

    private static Dictionary<string, string>? ReadUrls(CsvRow row, Altruist? before)
    {
        if (Array.TrueForAll(UrlColumns, type => row[type] is null))
            return null;
        var urls = new Dictionary<string, string>(before?.Urls ?? Altruist.NoUrls);
        foreach (var type in UrlColumns)
        {
            if (row.Clears(type))
                urls.Remove(type);
            else if (row[type] is { } url)
                urls[type] = url;
        }

        return urls;
    }

    private static AuthDraft? ReadAuth(CsvRow row, FieldErrors errors)
    {
        var type = row["authType"];
        if (type is null)
        {
            if (row["authName"] is not null || row["authSecret"] is not null)
                errors.Add("auth.type", $"is missing: {string.Join(", ", AuthRules.TypeNames)} or none");
            return null;
        }

        var (name, secret) = AuthRules.FieldsOf(type);
        var fields = new Dictionary<string, string>();
        if (row["authName"] is { } said)
            fields.Add(name ?? "name", said);
        if (row["authSecret"] is { } credential)
            fields.Add(secret ?? "value", credential);
        return new AuthDraft(type, fields);
    }
}
