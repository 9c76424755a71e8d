using AltruistManager.Altruists;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>A region as staff type it in.</summary>
public sealed class RegionForm
{
    public string Id { get; set; } = "";

    public string Name { get; set; } = "";

    /// <summary>Ids, in the order in which they are used.</summary>
    public List<string> Fallbacks { get; } = [];

    /// <summary>Whether it is there already, so that its id stays.</summary>
    public bool IsKnown => seen is not null;

    private Region? seen;

    public static RegionForm Of(Region region)
    {
        var form = new RegionForm { Id = region.Id.Value, Name = region.Name, seen = region };
        form.Fallbacks.AddRange(region.Fallbacks.Select(fallback => fallback.Value));
        return form;
    }

    /// <summary>Changes places with the one before it or behind it, where there is one.</summary>
    /// <param name="by">-1 or 1.</param>
    public void Move(string fallback, int by)
    {
        var from = Fallbacks.IndexOf(fallback);
        var to = from + by;
        if (from < 0 || to < 0 || to >= Fallbacks.Count)
            return;
        (Fallbacks[from], Fallbacks[to]) = (Fallbacks[to], Fallbacks[from]);
    }

    public RegionDraft ToDraft() => new(Name.Trim() is { Length: > 0 } name ? name : null, Fallbacks) { Seen = seen };
}
