namespace AltruistManager.Web.Ui;

/// <summary>A page of the staff's console: <c>@page "/admin/…"</c>. Who is no staff any more finds nothing on it, even while it stays open.</summary>
public abstract class StaffPage : ConsolePage
{
    protected sealed override Task<bool> LoadAsync(CancellationToken cancellation) => Who.Actor switch
    {
        { IsStaff: true } => LoadOwnAsync(cancellation),
        { } actor => Task.FromResult(Refused(actor, "page", GetType().Name, "Only staff may see it.")),
        null => Task.FromResult(false),
    };

    /// <summary>Reads what the page shows, once it is known that who looks is staff.</summary>
    /// <returns>False when there is nothing at this address.</returns>
    protected abstract Task<bool> LoadOwnAsync(CancellationToken cancellation);
}
