namespace AltruistManager.Web.Ui;

/// <summary>Marks a page that takes or shows secrets although nobody need be signed in: where one signs in, joins, or sets up.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PrivateAttribute : Attribute
{
    public static bool Is(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<PrivateAttribute>() is not null;
}
