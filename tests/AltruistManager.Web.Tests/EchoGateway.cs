using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AltruistManager.Web.Tests;

public enum GatewayMood
{
    /// <summary>Answers well.</summary>
    Good,

    /// <summary>A JSON-RPC error that repeats the whole request.</summary>
    Errors,

    /// <summary>A page that does.</summary>
    Page,

    /// <summary>401 that does.</summary>
    Refuses,

    /// <summary>429 that does.</summary>
    Throttles,

    /// <summary>Shows a good head, and the request wherever a text may stand.</summary>
    Tells,
}

/// <summary>
/// An EVM node of chain 1 behind a gateway that wants credentials and repeats, wherever it can, everything it was sent: method, path, query, headers, body, and
/// what is in an Authorization header, decoded. All of them show one history.
/// </summary>
internal sealed class EchoGateway : IAsyncDisposable
{
    private static readonly DateTimeOffset Genesis = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly WebApplication app;

    private EchoGateway(WebApplication app) => this.app = app;

    public string Url => app.Urls.Single();

    public GatewayMood Mood { get; set; }

    /// <summary>What has to be somewhere in the request; null lets everybody in.</summary>
    public string? Wants { get; set; }

    public static async Task<EchoGateway> StartAsync(string? wants = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var gateway = new EchoGateway(builder.Build()) { Wants = wants };
        gateway.app.Run(gateway.AnswerAsync);
        await gateway.app.StartAsync(TestContext.Current.CancellationToken);
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var echo = Echo(context.Request, body);
        var question = JsonDocument.Parse(body).RootElement;
        var id = question.GetProperty("id").GetRawText();
        var mood = Wants is { } wanted && !echo.Contains(wanted, StringComparison.Ordinal) ? GatewayMood.Refuses : Mood;
        // Before the rest, since an excerpt is short.
        var telling = $"{string.Join(' ', echo.Split(' ', '\n').Where(word => word.Contains("cnry", StringComparison.OrdinalIgnoreCase)))} {echo}";
        var text = JsonSerializer.Serialize(telling);
        switch (mood)
        {
            case GatewayMood.Errors:
                await WriteAsync(context, 200, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32000,"message":{{{text}}}}}""");
                break;
            case GatewayMood.Page:
                await WriteAsync(context, 200, $"<html>{HtmlEncoder.Default.Encode(telling)}</html>");
                break;
            case GatewayMood.Refuses:
                await WriteAsync(context, 401, $$$"""{"error":{{{text}}}}""");
                break;
            case GatewayMood.Throttles:
                await WriteAsync(context, 429, $$$"""{"error":{"code":429,"message":{{{text}}}}}""");
                break;
            default:
                await WriteAsync(context, 200, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{{{Result(question, mood == GatewayMood.Tells ? text : null)}}}}""");
                break;
        }
    }

    private static string Result(JsonElement question, string? telling)
    {
        var method = question.GetProperty("method").GetString();
        if (method == "eth_chainId")
            return telling ?? "\"0x1\"";
        if (method != "eth_getBlockByNumber")
            return telling ?? "false";

        var asked = question.GetProperty("params")[0].GetString()!;
        var height = asked == "latest" ? (long)(TimeProvider.System.GetUtcNow() - Genesis).TotalSeconds : Convert.ToInt64(asked, 16);
        return $$"""{"number":"0x{{height:x}}","hash":"0x{{height:x64}}","timestamp":"0x{{Genesis.AddSeconds(height).ToUnixTimeSeconds():x}}","transactions":[]}""";
    }

    private static string Echo(HttpRequest request, string body)
    {
        var said = new StringBuilder($"{request.Method} {request.Path}{request.QueryString} {Uri.UnescapeDataString(request.QueryString.Value ?? "")}\n");
        foreach (var (name, value) in request.Headers)
            said.Append(name).Append(": ").Append(value).Append('\n');
        if (request.Headers.Authorization.ToString() is ['B', 'a', 's', 'i', 'c', ' ', .. var encoded])
            said.Append(Encoding.UTF8.GetString(Convert.FromBase64String(encoded))).Append('\n');
        return said.Append(body).ToString();
    }

    private static Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
