using AltruistManager.Altruists;
using Microsoft.AspNetCore.Components;

namespace AltruistManager.Web.Ui;

/// <summary>A page of a provider's console: <c>@page "/my/{provider}/…"</c>. Who is no member of it finds nothing there; a viewer finds no way to change anything, nor would a feature let it.</summary>
public abstract class ProviderPage : ConsolePage
{
    /// <summary>As the address has it.</summary>
    [Parameter]
    public string Provider { get; set; } = "";

    [Inject]
    private protected RosterCache Rosters { get; set; } = null!;

    private protected Roster Roster { get; private set; } = Roster.Empty;

    private protected ProviderId ProviderId => new(Provider);

    private protected string ProviderName => Own?.Name ?? "";

    /// <summary>The provider; null before it is known that who looks may see it.</summary>
    internal Provider? Own { get; private set; }

    /// <summary>Who looks may change things.</summary>
    protected internal bool MayChange { get; private set; }

    /// <summary>Path of the console, to which the pages' own are added.</summary>
    protected internal string Home => Layout.ConsoleMenu.PathOf(Provider);

    protected sealed override Task<bool> LoadAsync(CancellationToken cancellation)
    {
        Roster = Rosters.Current;
        if (Who.Actor is not { } actor)
            return Task.FromResult(false);
        if (!actor.MaySee(Provider))
            return Task.FromResult(Refused(actor, "provider", Provider, "Who is no member of it sees nothing of a provider."));
        if (Roster.Providers.GetValueOrDefault(ProviderId) is not { } provider)
            return Task.FromResult(false);
        MayChange = actor.MayChange(Provider);
        Own = provider;
        return LoadOwnAsync(cancellation);
    }

    /// <summary>Reads what the page shows, once it is known that who looks may see it.</summary>
    /// <returns>False when there is nothing at this address.</returns>
    protected abstract Task<bool> LoadOwnAsync(CancellationToken cancellation);
}
