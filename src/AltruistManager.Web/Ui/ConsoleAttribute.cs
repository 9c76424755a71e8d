using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace AltruistManager.Web.Ui;

/// <summary>Marks a page as one of a console: interactive over a connection to the server, which only who is signed in may open. Its document loads the script for it.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ConsoleAttribute : RenderModeAttribute
{
    public override IComponentRenderMode Mode => RenderMode.InteractiveServer;

    public static bool Is(HttpContext? context) => context?.GetEndpoint()?.Metadata.GetMetadata<ConsoleAttribute>() is not null;
}
