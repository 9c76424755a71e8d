using Microsoft.JSInterop;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>What is asked of the browser for something that was drawn. By then its page may have been left, which must not end the connection: the next page is served by it as well.</summary>
internal static class Drawn
{
    public static async Task IfThereAsync(Task asking)
    {
        try
        {
            await asking;
        }
        catch (JSException)
        {
            // It is no longer on the page.
        }
    }
}
