using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Tests.Security;

/// <summary>Who may open the connection of an interactive page, and how many.</summary>
public sealed class CircuitGateTests : IAsyncLifetime
{
    private AppFixture app = null!;
    private Person person = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        app = await AppFixture.StartAsync(("Limits:CircuitsPerUser", "2"));
        await Person.MakeAsync(app, "someone@acme.example", Grant.Of("acme", MemberRole.Viewer));
        person = new Person(app);
        using var signedIn = await person.SignInAsync("someone@acme.example");
    }

    public async ValueTask DisposeAsync()
    {
        person.Dispose();
        await app.DisposeAsync();
    }

    [Fact]
    public async Task Only_who_is_signed_in_may_connect()
    {
        using var nobody = new Person(app);
        using var refused = await nobody.PostAsync("/_blazor/negotiate?negotiateVersion=1");
        Assert.NotEqual(HttpStatusCode.OK, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfConnectAsync("", app.Address.GetLeftPart(UriPartial.Authority)));
        using var taken = await person.PostAsync("/_blazor/negotiate?negotiateVersion=1");
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData(null)]
    public async Task Another_site_cannot_connect_in_the_name_of_who_is_signed_in(string? origin) =>
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfConnectAsync(CookiesOf(person), origin));

    [Fact]
    public async Task A_user_has_so_many_pages_open_and_no_more()
    {
        using var first = await ConnectAsync();
        using var second = await ConnectAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusOfConnectAsync(CookiesOf(person), app.Address.GetLeftPart(UriPartial.Authority)));

        first.Abort();
        await Wait.UntilAsync("there is room again", async () =>
        {
            try
            {
                (await ConnectAsync()).Dispose();
                return true;
            }
            catch (WebSocketException)
            {
                return false;
            }
        });
    }

    [Theory]
    [InlineData("GET", "text/event-stream")]
    [InlineData("GET", "*/*")]
    [InlineData("POST", "*/*")]
    public async Task Only_a_WebSocket_is_a_connection_so_that_all_of_them_are_counted(string method, string accepts)
    {
        using var negotiated = await person.PostAsync("/_blazor/negotiate?negotiateVersion=1");
        var token = JsonDocument.Parse(await negotiated.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("connectionToken").GetString();
        using var client = app.Client(null);
        foreach (var path in new[] { "/_blazor", "/_blazor/", "/_BLAZOR" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), $"{path}?id={Uri.EscapeDataString(token!)}");
            request.Headers.Add("Accept", accepts);
            request.Headers.Add("Cookie", CookiesOf(person));
            request.Headers.Add("Origin", app.Address.GetLeftPart(UriPartial.Authority));
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.Equal("no-websocket", (await answer.ReadProblemAsync(Cancellation)).Slug);
        }
    }

    private static string CookiesOf(Person person) => string.Join("; ", person.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));

    private async Task<ClientWebSocket> ConnectAsync()
    {
        using var negotiated = await person.PostAsync("/_blazor/negotiate?negotiateVersion=1");
        var token = JsonDocument.Parse(await negotiated.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("connectionToken").GetString();
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", app.Address.GetLeftPart(UriPartial.Authority));
        socket.Options.SetRequestHeader("Cookie", CookiesOf(person));
        await socket.ConnectAsync(new Uri($"ws://{app.Address.Authority}/_blazor?id={Uri.EscapeDataString(token!)}"), Cancellation);
        return socket;
    }

    private async Task<HttpStatusCode> StatusOfConnectAsync(string cookies, string? origin)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        if (cookies.Length > 0)
            socket.Options.SetRequestHeader("Cookie", cookies);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{app.Address.Authority}/_blazor?id=none"), Cancellation));
        return socket.HttpStatusCode;
    }
}
