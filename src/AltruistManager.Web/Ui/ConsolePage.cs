using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Components;

namespace AltruistManager.Web.Ui;

/// <summary>
/// A page of a console. To add one:
/// <list type="number">
/// <item>one file in <c>Ui/Pages/My</c> (of a provider) or <c>Ui/Pages/Admin</c> (of staff); layout, policy and interactivity come from the folder's <c>_Imports.razor</c>. It begins with
/// <c>@page "/admin/regions"</c> and inherits <see cref="StaffPage"/> (of a provider: <see cref="ProviderPage"/>), holds its markup in one <c>&lt;PageFrame Page="this" Title="Regions"&gt;</c>, and
/// overrides <c>LoadOwnAsync</c>, which reads all that it shows;</item>
/// <item>one line in <see cref="Layout.ConsoleMenu"/>;</item>
/// <item>one line in the browser tests' list of addresses, so that it is looked at in every way.</item>
/// </list>
/// It is drawn by the server at once, and again when the connection stands: what it shows is read before it is drawn, so that nothing jumps. Then it reads anew every
/// <see cref="Every"/>, which should ask memory alone. An event changes something by <see cref="DoAsync"/>.
/// </summary>
public abstract class ConsolePage : ComponentBase, IDisposable
{
    /// <summary>Who was signed out, or lost a role, notices within this time.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource gone;
    private ITimer? timer;
    private DateTimeOffset readAt;
    private bool isReading;
    private bool isWanted;
    private bool isRefused;

    protected ConsolePage()
    {
        gone = new CancellationTokenSource();
        // The source is disposed when the page is left, which may be while it still reads.
        Gone = gone.Token;
    }

    /// <summary>Nothing is at this address, or not for who looks.</summary>
    public bool IsMissing { get; private set; }

    /// <summary>The connection stands: from then on what is asked for by an event is done.</summary>
    public bool IsLive { get; private set; }

    /// <summary>What it shows is there.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>The database did not answer when it was read last; what was read before is still shown.</summary>
    public bool IsStale { get; private set; }

    /// <summary>An event is under way: its button waits.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>What the last event led to; null for nothing to say.</summary>
    public Notice? Notice { get; protected set; }

    [CascadingParameter]
    public HttpContext? Context { get; set; }

    [Inject]
    private protected SignedIn Who { get; set; } = null!;

    [Inject]
    private protected RefusalLog Refusals { get; set; } = null!;

    [Inject]
    private protected TimeProvider Time { get; set; } = null!;

    /// <summary>In which the times of the page are told.</summary>
    [Inject]
    private protected ReaderZone Zone { get; set; } = null!;

    [Inject]
    private protected NavigationManager Navigation { get; set; } = null!;

    /// <summary>Null for a page that is read once, such as a form.</summary>
    protected virtual TimeSpan? Every => Tick;

    /// <summary>Over when the page is left.</summary>
    protected CancellationToken Gone { get; }

    public override async Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this);
        // Before the first drawing: what the server drew stays until then.
        await ReadAgainAsync();
        if (IsMissing && Context is not null)
            Navigation.NotFound();
        await base.SetParametersAsync(ParameterView.Empty);
    }

    public void CloseNotice() => Notice = null;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        timer?.Dispose();
        gone.Cancel();
        gone.Dispose();
    }

    /// <summary>Reads what the page shows.</summary>
    /// <returns>False when there is nothing at this address, or not for who looks.</returns>
    protected abstract Task<bool> LoadAsync(CancellationToken cancellation);

    protected override void OnAfterRender(bool firstRender)
    {
        if (!firstRender)
            return;
        IsLive = true;
        timer = Time.CreateTimer(_ => _ = InvokeAsync(TickAsync), null, Tick, Tick);
        StateHasChanged();
    }

    /// <summary>
    /// Does what somebody asked for by an event, as who it is at that moment, and reads the page anew. What it says is shown above the page; a database that does not answer is
    /// said there too.
    /// </summary>
    /// <param name="work">Returns what to say; null says nothing.</param>
    private protected async Task DoAsync(Func<Actor, Task<Notice?>> work)
    {
        if (IsBusy)
            return;
        var actor = Who.Required;
        IsBusy = true;
        Notice = null;
        StateHasChanged();
        try
        {
            Notice = await work(actor);
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            Notice = Notice.Bad("The database did not answer. See whether it was done, and try again in a moment.");
        }
        finally
        {
            IsBusy = false;
        }

        await ReadAgainAsync();
        // The event may be that of a part of the page.
        StateHasChanged();
    }

    private async Task TickAsync()
    {
        if (Gone.IsCancellationRequested)
            return;
        // Whoever is signed out by now is led away.
        _ = Who.Required;
        try
        {
            if (!IsBusy && Every is { } every && Time.GetUtcNow() - readAt >= every - Tick / 2)
                await ReadAgainAsync();
            StateHasChanged();
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            await DispatchExceptionAsync(failed);
        }
    }

    /// <summary>Reads what is shown, as after another page of a list was asked for.</summary>
    protected async Task ReadAgainAsync()
    {
        // What is asked for while it is read may have changed: then it is read once more.
        isWanted = true;
        if (isReading)
            return;
        isReading = true;
        try
        {
            while (isWanted)
            {
                isWanted = false;
                await ReadOnceAsync();
            }
        }
        finally
        {
            isReading = false;
        }
    }

    /// <summary>Tells the audit trail that the page is not for who looks: once, however often it is read anew.</summary>
    /// <returns>False, as what is to be read.</returns>
    private protected bool Refused(Actor actor, string kind, string subject, string why)
    {
        if (!isRefused)
            Refusals.Note(actor, new AuditEntry("page.open", kind, subject) { Provider = actor.OnlyProvider, Detail = why });
        isRefused = true;
        return false;
    }

    private async Task ReadOnceAsync()
    {
        try
        {
            IsMissing = Who.Actor is null || !await LoadAsync(Gone);
            IsStale = false;
            IsLoaded = !IsMissing;
            readAt = Time.GetUtcNow();
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            IsStale = true;
        }
        catch (OperationCanceledException) when (Gone.IsCancellationRequested)
        {
            // The page was left meanwhile.
        }
    }
}

/// <summary>What an event led to, as it is said to who caused it.</summary>
/// <param name="Tone"><c>good</c>, <c>warn</c> or <c>bad</c>.</param>
public sealed record Notice(string Tone, string Text)
{
    public static Notice Good(string text) => new("good", text);

    public static Notice Warn(string text) => new("warn", text);

    public static Notice Bad(string text) => new("bad", text);

    /// <summary>Null for what was not refused.</summary>
    public static Notice? Of(Refusal? refusal) => refusal switch
    {
        null => null,
        { Kind: RefusalKind.Invalid } => Bad("Some fields are not as they should be: see below them."),
        _ => Bad(refusal.Detail),
    };
}
