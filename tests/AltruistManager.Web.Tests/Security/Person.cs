using System.Net;
using System.Text.RegularExpressions;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Tests.Security;

/// <summary>
/// Somebody at the pages without a browser: keeps the cookies, secure ones too, and fills in forms as they stand on the page.
/// </summary>
/// <param name="http">Keeps no cookies and follows no redirects; disposed with the person.</param>
internal sealed partial class Person(HttpClient http) : IDisposable
{
    public const string Password = "nine green herons";

    private readonly Dictionary<string, string> cookies = [];

    public Person(AppFixture app)
        : this(app.Client(null))
    {
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>By name.</summary>
    public Dictionary<string, string> Cookies => cookies;

    /// <summary>As they were set last, by name.</summary>
    public Dictionary<string, string> SetCookies { get; } = [];

    /// <summary>Makes a user of the running service with <see cref="Password"/>.</summary>
    /// <returns>Its id.</returns>
    public static async Task<string> MakeAsync(AppFixture app, string email, params Grant[] grants)
    {
        using var scope = app.Services.CreateScope();
        var users = scope.ServiceProvider.GetRequiredService<Users>();
        var user = User.New(email, TimeProvider.System.GetUtcNow());
        var made = await users.CreateAsync(user, Password);
        Assert.True(made.Succeeded, Users.Explain(made));
        foreach (var grant in grants)
            await scope.ServiceProvider.GetRequiredService<UserRegistry>().GrantAsync(Actor.Operator, user.Id, grant, Cancellation);
        await app.Services.GetRequiredService<UserBook>().RefreshAsync(Cancellation);
        return user.Id;
    }

    /// <summary>Sets up an authenticator app for a user of the running service, as if that had been done on the pages.</summary>
    /// <returns>The secret that the app keeps.</returns>
    public static async Task<string> GiveSecondFactorAsync(AppFixture app, string id)
    {
        const string Secret = "JBSWY3DPEHPK3PXP";
        var store = app.Services.GetRequiredService<UserStore>();
        var user = (await store.FindByIdAsync(id, Cancellation))!;
        user.TwoFactorEnabled = true;
        await store.SetAuthenticatorKeyAsync(user, Secret, Cancellation);
        Assert.True((await store.UpdateAsync(user, Cancellation)).Succeeded);
        await app.Services.GetRequiredService<UserBook>().RefreshAsync(Cancellation);
        return Secret;
    }

    public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    public async Task<string> ReadAsync(string path)
    {
        using var answer = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    public Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))) });

    /// <summary>Opens a page and sends the form of that name on it, with its hidden fields.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string path, string form, params (string Name, string Value)[] fields)
    {
        var html = await ReadAsync(path);
        return await PostAsync(path, [.. HiddenOf(html, form), .. fields]);
    }

    public Task<HttpResponseMessage> SignInAsync(string email, string password = Password, string query = "") =>
        SubmitAsync($"/sign-in{query}", "sign-in", ("Input.Email", email), ("Input.Password", password));

    /// <summary>The hidden fields of a form.</summary>
    public static List<(string Name, string Value)> HiddenOf(string html, string form)
    {
        var text = Forms().Matches(html).Select(match => match.Value).Single(text => text.Contains($"\"{form}\"", StringComparison.Ordinal));
        return [.. Hidden().Matches(text).Select(match => (WebUtility.HtmlDecode(match.Groups[1].Value), WebUtility.HtmlDecode(match.Groups[2].Value)))];
    }

    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        if (cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        var answer = await http.SendAsync(request, Cancellation);
        foreach (var set in answer.Headers.TryGetValues("Set-Cookie", out var values) ? values : [])
        {
            var (name, value) = (set[..set.IndexOf('=')], set[(set.IndexOf('=') + 1)..].Split(';')[0]);
            SetCookies[name] = set;
            if (value.Length == 0)
                cookies.Remove(name);
            else
                cookies[name] = value;
        }

        return answer;
    }

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Forms();

    [GeneratedRegex("""<input type="hidden" name="([^"]*)" value="([^"]*)""")]
    private static partial Regex Hidden();
}
