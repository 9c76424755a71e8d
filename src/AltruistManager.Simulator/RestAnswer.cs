using System.Text;
using System.Text.Json;
using AltruistManager.Simulator.Languages;
using Microsoft.AspNetCore.Http;

namespace AltruistManager.Simulator;

/// <summary>Answers the calls of a REST service in the language of a node.</summary>
internal static class RestAnswer
{
    /// <summary>What is asked for, as a place among the language's methods; null for what is no call of its REST service.</summary>
    public static int? PlaceOf(SimulatedNode node, HttpContext context) =>
        node.Chain.Language.PlaceOf(context.Request.Method, PathOf(node, context)) is >= 0 and var place ? place : null;

    public static async Task WriteAsync(SimulatedNode node, int place, HttpContext context)
    {
        var language = node.Chain.Language;
        var fault = node.Fault;
        node.CountCall(place);
        using var body = await ReadAsync(context);
        var spoken = fault?.Answering == Answering.WithRpcError ? Spoken.Error(fault.Code, fault.Text!)
            : fault?.Lacks(language.Methods[place]) == true ? Spoken.Error(StatusCodes.Status404NotFound, "404 page not found")
            : language.Answer(new NodeView(node), place, body?.RootElement ?? default, PathOf(node, context));
        context.Response.ContentType = "application/json";
        if (spoken.Message is not { } message)
        {
            await context.Response.Body.WriteAsync(spoken.Json, context.RequestAborted);
            return;
        }

        context.Response.StatusCode = spoken.Code is >= 400 and < 600 ? spoken.Code : StatusCodes.Status400BadRequest;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($$"""{"code":{{spoken.Code}},"message":"{{JsonEncodedText.Encode(message)}}"{{spoken.Details}}}"""), context.RequestAborted);
    }

    private static string PathOf(SimulatedNode node, HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        return path[Math.Min(path.Length, node.Url.AbsolutePath.TrimEnd('/').Length)..];
    }

    private static async Task<JsonDocument?> ReadAsync(HttpContext context)
    {
        try
        {
            return context.Request.ContentLength is > 0 ? await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
