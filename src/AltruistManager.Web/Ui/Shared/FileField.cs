using Microsoft.AspNetCore.Components.Forms;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>Where a file is chosen, on a page that may be left before the browser was asked to watch it.</summary>
public sealed class FileField : InputFile
{
    protected override Task OnAfterRenderAsync(bool firstRender) => Drawn.IfThereAsync(base.OnAfterRenderAsync(firstRender));
}
