using System.Globalization;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>A chain as staff type it in. An empty field takes the catalogue's value, else the default.</summary>
public sealed class ChainForm
{
    /// <summary>The protocol whose chains say themselves how they are asked.</summary>
    public const string Declared = "json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public string Name { get; set; } = "";

    public string Protocol { get; set; } = "";

    public string Identity { get; set; } = "";

    /// <summary>Separated by blanks or commas.</summary>
    public string Requires { get; set; } = "";

    public string BlockTime { get; set; } = "";

    public string LagTolerance { get; set; } = "";

    public string MaxHeadAge { get; set; } = "";

    public string IntegrityOffset { get; set; } = "";

    /// <inheritdoc cref="Requires"/>
    public string Aliases { get; set; } = "";

    public string Path { get; set; } = "";

    /// <summary>JSON.</summary>
    public string Probe { get; set; } = "";

    /// <summary>Empty for the configured one.</summary>
    public string Policy { get; set; } = "";

    public string Primaries { get; set; } = "";

    public string RequestTimeout { get; set; } = "";

    public string MinEligible { get; set; } = "";

    public string MaxAltruists { get; set; } = "";

    public bool Enabled { get; set; } = true;

    public string Successor { get; set; } = "";

    public static ChainForm Of(Chain chain) => new()
    {
        Name = chain.Name,
        Protocol = chain.Network.Protocol,
        Identity = chain.Network.Identity,
        Requires = string.Join(' ', chain.Requires),
        BlockTime = Text(chain.BlockTimeSeconds),
        LagTolerance = Text(chain.LagToleranceBlocks),
        MaxHeadAge = Text(chain.MaxHeadAgeSeconds),
        IntegrityOffset = Text(chain.IntegrityOffsetBlocks),
        Aliases = string.Join(' ', chain.Aliases),
        Path = chain.Path,
        Probe = chain.Probe is { } probe ? JsonSerializer.Serialize(JsonElement.Parse(probe), Indented) : "",
        Policy = chain.Policy ?? "",
        Primaries = Text(chain.Primaries),
        RequestTimeout = Text(chain.RequestTimeoutMs),
        MinEligible = Text(chain.MinEligible),
        MaxAltruists = Text(chain.MaxAltruists),
        Enabled = chain.Enabled,
        Successor = chain.Successor?.Value ?? "",
    };

    /// <summary>As the catalogue knows it.</summary>
    /// <param name="roster">Aliases that name another chain here are left out.</param>
    public static ChainForm Of(CatalogChain chain, Roster roster) => new()
    {
        Name = chain.Name,
        Protocol = chain.Protocol ?? "",
        Identity = chain.Identity ?? "",
        Requires = string.Join(' ', chain.Requires),
        BlockTime = Text(chain.BlockTimeSeconds),
        LagTolerance = Text(chain.LagToleranceBlocks),
        Aliases = string.Join(' ', chain.Aliases.Where(alias => roster.FindChain(alias) is null)),
    };

    /// <param name="errors">What cannot be read.</param>
    public ChainDraft ToDraft(FieldErrors errors) => new()
    {
        Name = Given(Name),
        Protocol = Given(Protocol),
        Identity = Given(Identity),
        Requires = Words(Requires),
        BlockTimeSeconds = Number("blockTimeSeconds", BlockTime, errors),
        LagToleranceBlocks = Whole("lagToleranceBlocks", LagTolerance, errors),
        MaxHeadAgeSeconds = Number("maxHeadAgeSeconds", MaxHeadAge, errors),
        IntegrityOffsetBlocks = Whole("integrityOffsetBlocks", IntegrityOffset, errors),
        Aliases = Words(Aliases),
        Path = Path.Trim(),
        Probe = Json("probe", Probe, errors),
        Policy = Given(Policy),
        Primaries = Whole("primaries", Primaries, errors),
        RequestTimeoutMs = Whole("requestTimeoutMs", RequestTimeout, errors),
        MinEligible = Whole("minEligible", MinEligible, errors),
        MaxAltruists = Whole("maxAltruists", MaxAltruists, errors),
        Enabled = Enabled,
        Successor = Given(Successor),
    };

    private static string Text(double? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string? Given(string text) => text.Trim() is { Length: > 0 } given ? given : null;

    private static string[] Words(string text) => text.Split([' ', ',', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static double? Number(string field, string text, FieldErrors errors)
    {
        if (Given(text) is not { } given)
            return null;
        if (double.TryParse(given, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return number;
        errors.Add(field, "must be a number, such as 12 or 0.4");
        return null;
    }

    private static int? Whole(string field, string text, FieldErrors errors)
    {
        if (Given(text) is not { } given)
            return null;
        if (int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        errors.Add(field, "must be a whole number");
        return null;
    }

    private static string? Json(string field, string text, FieldErrors errors)
    {
        if (Given(text) is not { } given)
            return null;
        try
        {
            using var json = JsonDocument.Parse(given);
            if (json.RootElement.ValueKind is JsonValueKind.Object)
                return given;
            errors.Add(field, "must be a JSON object");
        }
        catch (JsonException wrong)
        {
            errors.Add(field, $"is no JSON: line {wrong.LineNumber + 1}, character {wrong.BytePositionInLine + 1}");
        }

        return null;
    }
}
