using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace AltruistManager.Web.Api;

/// <summary>
/// What is sent and answered, recorded from a running service: <c>Api/Examples/&lt;operation id&gt;.json</c> with <c>request</c> and, by status, <c>answers</c>.
/// That each fits its schema is seen by the linter of the description.
/// </summary>
internal sealed record ApiExamples(JsonNode? Request, JsonObject? Answers)
{
    private static readonly Assembly Own = typeof(ApiExamples).Assembly;

    /// <summary>Null for a call that neither takes nor answers JSON.</summary>
    public static ApiExamples? Of(string operationId)
    {
        using var stream = Own.GetManifestResourceStream($"{typeof(ApiExamples).Namespace}.Examples.{operationId}.json");
        return stream is not null && JsonNode.Parse(stream) is JsonObject read ? new ApiExamples(read["request"], read["answers"]?.AsObject()) : null;
    }

    public void AddTo(OpenApiOperation operation)
    {
        if (Request is not null)
            Show(operation.RequestBody?.Content, Request);
        foreach (var (status, answer) in Answers ?? [])
            Show(operation.Responses?.GetValueOrDefault(status)?.Content, answer);
    }

    private static void Show(IDictionary<string, OpenApiMediaType>? content, JsonNode? example)
    {
        foreach (var shown in content?.Values ?? [])
            shown.Example = example?.DeepClone();
    }
}
