using Microsoft.OpenApi;

namespace AltruistManager.Web.Api;

/// <summary>The headers that carry something of what is asked and answered (contract 3.1), each described once.</summary>
internal static class HeaderDescription
{
    private static readonly Dictionary<string, string> Answered = new(StringComparer.Ordinal)
    {
        ["ETag"] = "A hash of the bytes, the same on every instance: send it as If-None-Match",
        ["Altruist-Generation"] = "The generation of what is answered",
        ["Altruist-Round-At"] = "When the manager last confirmed its picks (RFC 3339); also with 304",
        ["Altruist-Hash"] = "Hash of the entry",
        ["Altruist-Previous-Hash"] = "Hash of the entry before",
        ["Altruist-Body-Hash"] = "SHA-256 of the canonical bytes",
        ["Altruist-Signature"] = "Of the header of the entry; left out where it is not signed",
        ["Altruist-Key"] = "Id of the key that signed it",
    };

    private static readonly Dictionary<string, string> Asked = new(StringComparer.Ordinal)
    {
        ["If-None-Match"] = "The ETag of what is held: 304 where it is still the same",
        ["Last-Event-ID"] = "The last id that was read: what changed since is told where that is still known, else the snapshot",
    };

    private static readonly string[] OfPicks = ["ETag", "Altruist-Generation", "Altruist-Round-At"];
    private static readonly string[] OfEntry = ["Altruist-Generation", "Altruist-Hash", "Altruist-Previous-Hash", "Altruist-Body-Hash", "Altruist-Signature", "Altruist-Key"];

    /// <summary>By call: what its good answers carry.</summary>
    private static readonly Dictionary<string, string[]> OfCalls = new(StringComparer.Ordinal)
    {
        ["getSelection"] = OfPicks,
        ["getSelections"] = OfPicks,
        ["getCatalogue"] = ["ETag", "Altruist-Generation"],
        ["getLogEntry"] = ["ETag", .. OfEntry],
        ["getLogEntryHeader"] = OfEntry,
    };

    public static void AddTo(OpenApiDocument document)
    {
        document.Components!.Headers ??= new Dictionary<string, IOpenApiHeader>();
        foreach (var (name, says) in Answered)
            document.Components.Headers[name] = new OpenApiHeader { Description = says, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        document.Components.Parameters ??= new Dictionary<string, IOpenApiParameter>();
        foreach (var (name, says) in Asked)
            document.Components.Parameters[name] = new OpenApiParameter { Name = name, In = ParameterLocation.Header, Description = says, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };

        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations ?? []).Select(call => call.Value))
        {
            if (operation.OperationId == "streamSelections")
                Ask(operation, "Last-Event-ID", document);
            if (operation.Responses?.ContainsKey("304") is true)
                Ask(operation, "If-None-Match", document);
            foreach (var response in (operation.Responses ?? []).Where(response => response.Key is "200" or "304").Select(response => response.Value).OfType<OpenApiResponse>())
            {
                foreach (var name in OfCalls.GetValueOrDefault(operation.OperationId!) ?? [])
                    (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] = new OpenApiHeaderReference(name, document);
            }
        }
    }

    private static void Ask(OpenApiOperation operation, string name, OpenApiDocument document) => (operation.Parameters ??= []).Add(new OpenApiParameterReference(name, document));
}
