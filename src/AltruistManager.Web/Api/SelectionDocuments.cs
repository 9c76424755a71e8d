using System.Text.Json.Serialization;

namespace AltruistManager.Web.Api;

/// <summary>What a portal gets for a slot. Written by the snapshot; these records describe it to the API document.</summary>
/// <param name="State"><c>fresh</c>, <c>fallback</c>, <c>override</c>, <c>degraded</c>; in the bulk call also <c>none</c>.</param>
internal sealed record SelectionDocument(
    string Chain, string Region, string State, PickDocument? Primary, IReadOnlyList<PickDocument> Primaries, IReadOnlyList<StandbyDocument> Standbys,
    int RequestTimeoutMs, DateTimeOffset? SelectedAt, string Origin, long Generation, string? Decision);

internal sealed record SelectionsDocument(string Region, string Origin, long Generation, IReadOnlyList<SelectionDocument> Selections, IReadOnlyList<string> Revoked);

/// <param name="Visibility"><c>public</c> where the URL may be told to everybody; else left out.</param>
internal sealed record PickDocument(
    string Altruist, string Provider, string Label, string Region, int Weight, string Url, IReadOnlyDictionary<string, string> Urls, AuthDocument Auth, LimitsDocument Limits,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Visibility);

/// <inheritdoc cref="PickDocument"/>
internal sealed record StandbyDocument(
    string Altruist, string Provider, string Label, string Region, string Url, IReadOnlyDictionary<string, string> Urls, AuthDocument Auth, LimitsDocument Limits,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Visibility);

/// <param name="Type"><c>none</c>; <c>basic</c> (user name and password); <c>bearer</c> (token); <c>header</c>, <c>query</c> (name and value).</param>
internal sealed record AuthDocument(
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Username,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Password,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Token,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Value);

internal sealed record LimitsDocument(int? Rps);
