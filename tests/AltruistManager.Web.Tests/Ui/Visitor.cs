using System.Collections.Concurrent;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>A browser that writes down everything it complains about.</summary>
public sealed class Visitor : IAsyncDisposable
{
    /// <summary>In milliseconds: what comes on a busy machine comes late.</summary>
    public const int Patience = 120_000;

    private readonly IBrowserContext context;
    private readonly ConcurrentQueue<string> complaints = new();

    public Visitor(IBrowserContext context, IPage page)
    {
        this.context = context;
        context.SetDefaultTimeout(Patience);
        Page = page;
        page.Console += (_, message) =>
        {
            // A page that is not there is told to the console by the browser itself.
            if (message.Type is "error" or "warning" && !message.Text.Contains("404 (Not Found)", StringComparison.Ordinal))
                complaints.Enqueue($"{page.Url}: {message.Text}");
        };
        page.PageError += (_, error) => complaints.Enqueue($"{page.Url}: {error}");
        page.RequestFailed += (_, request) =>
        {
            // Whoever leaves a page calls off what it was still asking for, its circuit among it.
            if (request.Failure is not "net::ERR_ABORTED")
                complaints.Enqueue($"{page.Url}: {request.Url} failed: {request.Failure}");
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("data:", StringComparison.Ordinal) && new Uri(request.Url).Host is not ("127.0.0.1" or "localhost" or "[::1]"))
                complaints.Enqueue($"{page.Url}: asks {request.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>Errors of scripts and of the content security policy, and requests that failed or went elsewhere.</summary>
    public IReadOnlyCollection<string> Complaints => complaints;

    public async Task<IResponse> GoAsync(string path) => (await Page.GotoAsync(path))!;

    /// <summary>Signs in on the page for it, with the password all test users have.</summary>
    public async Task SignInAsync(string email)
    {
        await GoAsync("/sign-in");
        await Page.GetByLabel("Email").FillAsync(email);
        await Page.GetByLabel("Password").FillAsync(Person.Password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    /// <summary>Presses what leads to another address, and waits until the page there is loaded: what is read before may be of the old one, or half of the new.</summary>
    /// <param name="address">What the new address has in it, and the old one has not.</param>
    public async Task FollowAsync(ILocator what, string address)
    {
        await what.ClickAsync();
        await Page.WaitForURLAsync(url => url.Contains(address, StringComparison.Ordinal));
    }

    /// <summary>What is shown once. It takes the focus, and what is being typed elsewhere until then would be lost.</summary>
    public async Task<string> SecretAsync()
    {
        var secret = Page.Locator(".secret");
        await Assertions.Expect(secret).ToBeFocusedAsync();
        return await secret.InnerTextAsync();
    }

    /// <summary>Goes to a page of a console and waits until its connection stands.</summary>
    public async Task GoLiveAsync(string path)
    {
        await GoAsync(path);
        await LiveAsync();
    }

    public Task LiveAsync() => Assertions.Expect(Page.Locator(".page")).ToHaveAttributeAsync("aria-busy", "false");

    /// <summary>How much wider than the window the page is, in pixels.</summary>
    public Task<int> OverflowAsync() =>
        Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
