using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Running;

/// <summary>Options of which staff may change some while the service runs. Whoever wants a change to reach it asks for the value at each use.</summary>
/// <param name="configured">As the configuration says.</param>
internal sealed class LiveOptions<T>(T configured) : IOptions<T>
    where T : class
{
    private volatile T value = configured;

    public T Value
    {
        get => value;
        set => this.value = value;
    }
}

internal static class LiveOptionsSetup
{
    public static IServiceCollection AddLive<T>(this IServiceCollection services, T configured)
        where T : class
    {
        var live = new LiveOptions<T>(configured);
        return services.AddSingleton(live).AddSingleton<IOptions<T>>(live);
    }
}
