using System.Net;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Selection.Policies;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web;

/// <summary>Tells the registry what the options of later rooms allow.</summary>
internal sealed class RegistrationRules(IOptions<ProbingOptions> probing, IOptions<SelectionOptions> selection) : IRegistrationRules
{
    private readonly AllowedNetworks allowed = AllowedNetworks.Parse(probing.Value.AllowedPrivateNetworks);

    public bool AllowHttp => probing.Value.AllowHttp;

    public bool MayUse(IPAddress address, bool byStaff) => AddressGuard.IsPublic(address) || (byStaff && allowed.Contains(address));

    public IReadOnlyList<string> Policies { get; } = [.. SelectionPolicies.All.Select(policy => policy.Name)];

    public RegionId DefaultRegion => new(selection.Value.DefaultRegion);
}
