using AltruistManager.Client;

// A portal that serves JSON-RPC from altruists: POST /v1/{chain}. See docs/portal.md.
//
//   dotnet run --project samples/Portal -- --urls http://127.0.0.1:8090 --Manager http://127.0.0.1:8080 --Key am_… --Region us-east
var builder = WebApplication.CreateBuilder(args);
var settings = builder.Configuration;
builder.Services.AddAltruistManager(options =>
{
    foreach (var manager in (settings["Manager"] ?? "http://127.0.0.1:8080").Split(','))
        options.Managers.Add(new Uri(manager));
    options.Key = settings["Key"];
    options.Region = settings["Region"];
    options.LastGoodFile = settings["LastGoodFile"] ?? "data/last-good";
});

var app = builder.Build();
app.MapHealthChecks("/healthz");
app.MapPost("/v1/{chain}", async (string chain, HttpContext context, IHttpClientFactory clients, AltruistManagerClient altruists) =>
{
    // A name that nobody knows is no relay.
    if (await altruists.FindAsync(chain, context.RequestAborted) is { } selection)
        altruists.Reports.CountRelays(selection.Chain);
    using var request = new AltruistRequest(chain, new StreamContent(context.Request.Body)) { FallbackReason = "no-network" };
    request.Content!.Headers.ContentType = new("application/json");
    try
    {
        using var answer = await clients.CreateClient(AltruistManagerSetup.HttpClientName).SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
    catch (HttpRequestException)
    {
        context.Response.StatusCode = StatusCodes.Status502BadGateway;
    }
});
app.Run();
