using System.Globalization;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using Microsoft.Net.Http.Headers;

namespace AltruistManager.Web.Api;

/// <summary>The audit trail: of staff all of it, of a provider what concerns it.</summary>
internal static class AuditApi
{
    private const string Csv = "text/csv";

    private const string Showing =
        """
        Every change and every refusal: who, what, before and after, from where. Refusals that repeat are folded into one line with their number. With `Accept: text/csv`
        all lines that the filters leave come as one file, however many there are, and `limit` does not matter. A provider's key sees what concerns that provider.
        """;

    public static void MapAudit(this IEndpointRouteBuilder api) =>
        api.MapGet("/audit", ListAsync).RequireAuthorization(Policies.Provider)
            .WithName("listAudit").WithTags("Audit").WithSummary("The audit trail, newest first").WithDescription(Showing)
            .Produces<Page<AuditAnswer>>().ProducesProblems(400);

    private static async Task<IResult> ListAsync(
        string? actor, string? action, string? subject, string? provider, string? outcome, string? from, string? to, Paging paging, HttpContext context, Caller caller, AuditStore audit,
        CancellationToken cancellation)
    {
        if (paging.Problem is { } wrong)
            return wrong;
        var errors = new Dictionary<string, List<string>>();
        var filter = new AuditFilter
        {
            Actor = Text(actor),
            Action = ActionOf(action, errors),
            Subject = Text(subject),
            Provider = Text(provider) ?? caller.Provider?.Value,
            Outcome = OutcomeOf(outcome, errors),
            From = TimeOf("from", from, errors),
            To = TimeOf("to", to, errors),
        };
        var before = BeforeOf(paging.Before, errors);
        if (errors.Count > 0)
            return Problems.BadFields(errors);
        if (caller.Provider is { } own && filter.Provider != own.Value)
            return Problems.Forbidden("A provider sees what concerns itself only.");

        context.Response.Headers.Vary = HeaderNames.Accept;
        if (WantsCsv(context.Request))
        {
            var records = audit.ReadAsync(filter, before, cancellation).Select(record => AuditSight.Of(record, caller.Actor));
            return TypedResults.Stream(stream => AuditCsv.WriteAsync(stream, records, cancellation), $"{Csv}; charset=utf-8", "audit.csv");
        }

        var rows = await audit.ListAsync(filter, before, paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, record => AuditAnswer.Of(AuditSight.Of(record, caller.Actor)), record => record.Id.ToString(CultureInfo.InvariantCulture)));
    }

    private static bool WantsCsv(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Where(accepted => accepted.Quality is not 0).MaxBy(accepted => accepted.Quality ?? 1) is { MediaType.Value: Csv };

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string? ActionOf(string? action, Dictionary<string, List<string>> errors)
    {
        if (Text(action) is not { } text)
            return null;
        if (!text.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-'))
            errors["action"] = ["must be an action such as altruist.add, or what comes before its dot"];
        return text;
    }

    private static AuditOutcome? OutcomeOf(string? outcome, Dictionary<string, List<string>> errors)
    {
        switch (Text(outcome))
        {
            case null:
                return null;
            case "done":
                return AuditOutcome.Done;
            case "refused":
                return AuditOutcome.Refused;
            default:
                errors["outcome"] = ["must be done or refused"];
                return null;
        }
    }

    private static long? BeforeOf(string? before, Dictionary<string, List<string>> errors)
    {
        if (before is null)
            return null;
        if (!long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            errors["before"] = ["must be the 'next' of an earlier answer"];
        return number;
    }

    private static DateTimeOffset? TimeOf(string name, string? text, Dictionary<string, List<string>> errors)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            errors[name] = ["must be a time such as 2026-11-21T07:05:00Z"];
        return time.ToUniversalTime();
    }
}

/// <param name="Actor"><c>key:</c>, <c>user:</c>, <c>command:</c>, <c>service:</c> or <c>nobody:</c> and an id; a provider is told of staff only that it was staff.</param>
/// <param name="Address">Where the request came from; for staff, and of one's own.</param>
/// <param name="Subject">The kind of thing and its id.</param>
/// <param name="Provider">Whom it concerns.</param>
/// <param name="Outcome"><c>done</c> or <c>refused</c>.</param>
/// <param name="Times">How often since the line before of the same kind; more than one for folded refusals only, of which the rest tells the last.</param>
/// <param name="Before">What differs from <paramref name="After"/>; null for what was not there.</param>
internal sealed record AuditAnswer(
    string Id, DateTimeOffset At, string Actor, string ActorName, string? Address, string Action, string Subject, string? Provider, AuditOutcome Outcome, int Times,
    JsonElement? Before, JsonElement? After, string? Detail)
{
    public static AuditAnswer Of(AuditRecord record) => new(
        record.Id.ToString(CultureInfo.InvariantCulture), record.At, $"{record.ActorKind.ToString().ToLowerInvariant()}:{record.ActorId}", record.ActorName, record.Address, record.Action,
        $"{record.SubjectKind}:{record.SubjectId}", record.Provider, record.Outcome, record.Times,
        record.Before is { } before ? JsonElement.Parse(before) : null, record.After is { } after ? JsonElement.Parse(after) : null, record.Detail);
}
