using System.Globalization;
using System.Text.Json.Nodes;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>What some providers put before their nodes: passes questions on to a real one, and spoils what it says.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private readonly WebApplication app;
    private readonly Manner manner;
    private readonly AnvilNetwork.Node node;

    private Relay(WebApplication app, AnvilNetwork.Node node, Manner manner)
    {
        this.app = app;
        this.node = node;
        this.manner = manner;
    }

    /// <summary>How it answers.</summary>
    /// <param name="ask">Asks the node.</param>
    public delegate Task<Answer> Manner(JsonObject question, Func<JsonObject, Task<JsonObject>> ask);

    public string Url => app.Urls.Single();

    public static async Task<Relay> StartAsync(AnvilNetwork.Node node, Manner manner)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var relay = new Relay(builder.Build(), node, manner);
        relay.app.Run(relay.AnswerAsync);
        await relay.app.StartAsync(TestContext.Current.CancellationToken);
        return relay;
    }

    /// <summary>Says that the latest block is one that far behind; all other blocks are as they are.</summary>
    public static Manner Lagging(int blocks) => async (question, ask) => Answer.Of(await ask(IsForHead(question) ? await BehindAsync(question, blocks, ask) : question));

    /// <summary>Has kept the latest block of long ago, and gives it to all that ask for the latest.</summary>
    public static Manner Caching(long height)
    {
        JsonNode? kept = null;
        return async (question, ask) =>
        {
            if (!IsForHead(question))
                return Answer.Of(await ask(question));
            kept ??= (await ask(At(question, height)))["result"]!;
            return Answer.Of(Result(question["id"], kept));
        };
    }

    /// <summary>Says that it is of another chain.</summary>
    public static Manner OfChain(string identity) => async (question, ask) =>
        Answer.Of(MethodOf(question) == "eth_chainId" ? Result(question["id"], identity) : await ask(question));

    /// <summary>Balances between nodes at the head and one that is behind, which gets one in <paramref name="of"/> questions for the latest block.</summary>
    public static Manner Mixing(int blocks, int of)
    {
        var turn = 0;
        return async (question, ask) =>
            Answer.Of(await ask(IsForHead(question) && Interlocked.Increment(ref turn) % of == 0 ? await BehindAsync(question, blocks, ask) : question));
    }

    /// <summary>Makes a page of everything, with a status that says that all is well.</summary>
    public static Task<Answer> PageAsync(JsonObject question, Func<JsonObject, Task<JsonObject>> ask) =>
        Task.FromResult(new Answer(StatusCodes.Status200OK, "<html><body>The backend is being maintained.</body></html>", "text/html"));

    /// <summary>Gives everybody what somebody else has asked for.</summary>
    public static async Task<Answer> MixUpAsync(JsonObject question, Func<JsonObject, Task<JsonObject>> ask) =>
        Answer.Of(Result(question["id"]!.GetValue<long>() + 1, (await ask(question))["result"]));

    public static Manner Throttling(TimeSpan away) => (_, _) => Task.FromResult(
        new Answer(StatusCodes.Status429TooManyRequests, """{"message":"slow down"}""") { RetryAfter = away });

    public static Task<Answer> RefuseAsync(JsonObject question, Func<JsonObject, Task<JsonObject>> ask) =>
        Task.FromResult(new Answer(StatusCodes.Status401Unauthorized, """{"message":"who are you?"}"""));

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        http.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var question = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!.AsObject();
        var answer = await manner(question, asked => AskAsync(asked, context.RequestAborted));
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        if (answer.RetryAfter is { } away)
            context.Response.Headers.RetryAfter = away.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        await context.Response.WriteAsync(answer.Body, context.RequestAborted);
    }

    private async Task<JsonObject> AskAsync(JsonObject question, CancellationToken cancellation)
    {
        using var response = await http.PostAsJsonAsync(node.Url, question, cancellation);
        return (await response.Content.ReadFromJsonAsync<JsonObject>(cancellation))!;
    }

    private static bool IsForHead(JsonObject question) =>
        MethodOf(question) == "eth_getBlockByNumber" && question["params"]![0]!.GetValue<string>() == "latest";

    private static string MethodOf(JsonObject question) => question["method"]!.GetValue<string>();

    private static async Task<JsonObject> BehindAsync(JsonObject question, int blocks, Func<JsonObject, Task<JsonObject>> ask)
    {
        var head = (await ask(question))["result"]!["number"]!.GetValue<string>();
        return At(question, long.Parse(head.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) - blocks);
    }

    private static JsonObject At(JsonObject question, long height)
    {
        var other = question.DeepClone().AsObject();
        other["params"]![0] = $"0x{height:x}";
        return other;
    }

    private static JsonObject Result(JsonNode? id, JsonNode? result) => new() { ["jsonrpc"] = "2.0", ["id"] = id?.DeepClone(), ["result"] = result?.DeepClone() };

    internal sealed record Answer(int Status, string Body, string ContentType = "application/json")
    {
        public TimeSpan? RetryAfter { get; init; }

        public static Answer Of(JsonObject answer) => new(StatusCodes.Status200OK, answer.ToJsonString());
    }
}
