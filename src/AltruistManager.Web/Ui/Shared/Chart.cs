using Radzen.Blazor;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>The kit's chart, on a page that may be left before the browser was asked to watch it.</summary>
public sealed class Chart : RadzenChart
{
    protected override Task OnAfterRenderAsync(bool firstRender) => Drawn.IfThereAsync(base.OnAfterRenderAsync(firstRender));
}
